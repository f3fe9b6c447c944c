"""PostgreSQL and Redis (Valkey) from Python wheels, and what they need kept on disk.

No Django here: settings, the supervisor and the tests all import this package.
"""

from config.embedded.postgres import PostgresServer
from config.embedded.redis import RedisServer
from config.embedded.secrets import Secrets, ensure_secrets, find_secrets
from config.embedded.server import EmbeddedServer, ServerError
from config.embedded.services import Services, find_services, remove_services, write_services

__all__ = [
    "EmbeddedServer",
    "PostgresServer",
    "RedisServer",
    "Secrets",
    "ServerError",
    "Services",
    "ensure_secrets",
    "find_secrets",
    "find_services",
    "remove_services",
    "write_services",
]
