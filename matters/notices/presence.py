"""Who has a matter before their eyes: until when, so that a process that dies leaves nobody there for ever."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Presence(models.Model):
    """Until when a person had, or has, a matter's page open. `advice/attendance.py` writes it."""

    matter = models.ForeignKey("matters.Matter", on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_until = models.DateTimeField(help_text="Ahead of now while a page of theirs is open")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["matter", "user"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.matter_id} until {self.seen_until}"
