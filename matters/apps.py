from django.apps import AppConfig


class MattersConfig(AppConfig):
    """Intake and state: a matter, its ledger of steps, its questions, facts and events."""

    name = "matters"
