"""Rippling: `api.py` is addresses, filters and pages, `records.py` the company in Rippling's words."""
