"""A batch: up to a thousand matters that were sent in together."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from companies.models import Company


class Batch(models.Model):
    """Matters that were stored in one transaction. How it stands is read from them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="batches")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    canceled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        indexes: ClassVar = [models.Index(fields=["company", "-created_at"], name="batch_list")]

    def __str__(self) -> str:
        return str(self.pk)


class BatchItem(models.Model):
    """A matter's place in a batch."""

    pk = models.CompositePrimaryKey("batch_id", "index")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    index = models.PositiveIntegerField(help_text="From 0, as they were sent")
    matter = models.ForeignKey("matters.Matter", on_delete=models.CASCADE, related_name="batch_items")
    custom_id = models.CharField(max_length=255, null=True, blank=True)
    is_own = models.BooleanField(default=True, help_text="False: `dedupe` found the matter, which was there before")

    class Meta:
        ordering: ClassVar = ["index"]

    def __str__(self) -> str:
        return f"{self.index} of {self.batch_id}"
