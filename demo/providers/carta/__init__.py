"""Carta: `api.py` is addresses, scopes and pages, the rest the company in Carta's words."""
