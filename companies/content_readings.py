"""The record of who on our side read what founders wrote or were advised."""

from typing import ClassVar

import pgtrigger
from django.db import models


class ContentReading(models.Model):
    """That somebody of the staff opened a page with content. Written once; nobody changes or removes it.

    Names and ids stand in it as words: what is deleted later leaves its lines behind.
    """

    at = models.DateTimeField(auto_now_add=True)
    by = models.EmailField()
    what = models.CharField(max_length=80, help_text="The page, and the kind of row")
    object_id = models.CharField(max_length=64, blank=True, help_text="Empty: a list of them")

    class Meta:
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [
            ("read_content", "Can read what founders asked, said and were advised"),
            ("operate_matters", "Can retry and stop matters"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="content_reading_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.what} {self.object_id}"
