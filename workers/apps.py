from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """The pipeline: Celery tasks over the ledger of steps."""

    name = "workers"
