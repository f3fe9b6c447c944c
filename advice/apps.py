from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """The matter's page and everything that streams."""

    name = "advice"
