"""Django's settings: one file, from the environment only (`config/env.py` lists the variables)."""
