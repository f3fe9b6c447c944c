"""Connections to Rippling and Carta: made, tried, kept fresh, opened for the pipeline, ended."""

from workers.connections.opening import OpenConnection, connected_providers, note_connection, open_connection

__all__ = ["OpenConnection", "connected_providers", "note_connection", "open_connection"]
