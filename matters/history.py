"""The matters that a company has had: searching, naming, and those that were just deleted."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from companies.models import Company
from matters.models import Matter
from matters.services import lock_kept_matter
from matters.states import ENDED, MatterStatus

UNDO_MINUTES = 10  # for so long a deleted matter can be brought back; then its content is removed
LONGEST_TITLE = 200  # code points
SHOWN: dict[str, tuple[str, Q]] = {
    "waiting": ("Needs you", Q(status=MatterStatus.AWAITING_FOUNDER) | Q(waiting_for="conflict")),
    "working": ("In progress", ~Q(status__in=[*ENDED, MatterStatus.AWAITING_FOUNDER]) & ~Q(waiting_for="conflict")),
    "advised": ("Advised", Q(status=MatterStatus.ADVISED)),
    "stopped": ("Stopped or failed", Q(status__in=[MatterStatus.CANCELED, MatterStatus.FAILED])),
}


def find_matters(company: Company, words: str = "", show: str = "") -> QuerySet[Matter]:
    """The company's matters, newest first, with every word in question or title, in the state that `show` names."""
    found = Matter.shown.filter(company=company)
    if show in SHOWN:
        found = found.filter(SHOWN[show][1])
    for word in words.replace("\x00", " ").split()[:20]:
        found = found.filter(Q(question__icontains=word) | Q(title__icontains=word))
    return found.order_by("-submitted_at", "id")


def rename_matter(matter_id: UUID, title: str) -> None:
    """Call it `title`; empty: its question again. Raises NotAllowed."""
    with transaction.atomic():
        matter = lock_kept_matter(matter_id)
        Matter.objects.filter(pk=matter.pk).update(title=title)


def just_deleted(company: Company) -> QuerySet[Matter]:
    """What can still be brought back, latest first."""
    since = Now() - timedelta(minutes=UNDO_MINUTES)
    return Matter.objects.filter(company=company, deleted_at__gte=since).order_by("-deleted_at")


def beyond_undo() -> QuerySet[Matter]:
    """Deleted matters that nobody can bring back any more and whose content is still there."""
    return Matter.objects.filter(deleted_at__lt=Now() - timedelta(minutes=UNDO_MINUTES), pruned_at=None)
