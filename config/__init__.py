"""The composition root. `celery -A config` finds the application here."""

from config.celery import app

__all__ = ["app"]
