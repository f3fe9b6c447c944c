"""App of the documents that founders attach."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents, their text, and what is looked up in it."""

    name = "documents"
