"""Django's backend for PostgreSQL, with what a pool of connections needs to outlive a restart of the server."""
