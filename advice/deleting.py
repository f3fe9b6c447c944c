"""Deleting a matter, and bringing it back for a few minutes: see `matters.history`."""

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from advice.services import stop_matter
from companies.models import Company
from matters.history import just_deleted
from matters.models import Matter
from matters.services import lock_matter
from matters.states import ENDED


def delete_matter(matter_id: UUID) -> None:
    """Hide it from everybody; one that goes on is stopped first. Deleted before: nothing is done."""
    with transaction.atomic():
        matter = lock_matter(matter_id)
        if matter.deleted_at is not None:
            return
        if matter.status not in ENDED:
            stop_matter(matter, "deleted by a person")
        Matter.objects.filter(pk=matter.pk).update(deleted_at=Now())


def restore_matter(company: Company, matter_id: UUID) -> None:
    """Show it again; where it went on it is stopped now. One that is not deleted stays as it is.

    Raises Matter.DoesNotExist for one that is foreign or missing, or was deleted too long ago.
    """
    with transaction.atomic():
        company.matters.get(pk=matter_id)  # nobody waits for a foreign one that is locked
        if lock_matter(matter_id).deleted_at is None:
            return
        if not just_deleted(company).filter(pk=matter_id).update(deleted_at=None):
            raise Matter.DoesNotExist(f"The matter {matter_id} can't be brought back.")
