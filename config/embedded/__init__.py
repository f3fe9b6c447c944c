"""PostgreSQL and Redis (Valkey) from Python wheels, and what they need kept on disk.

No Django here: settings, the supervisor and the tests all import from this package. It imports nothing itself, because
settings need of it only where the servers are and their passwords.
"""
