"""Submitting a batch, looking at it, and stopping it. A thousand matters are stored by a handful of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, FloatField, Sum
from django.db.models.functions import Cast, Greatest, Least, Now

from companies.models import Company, User
from matters.batches.models import Batch, BatchItem
from matters.dedupe import earlier_matters
from matters.events import append_to_each, matter_updated
from matters.ledger import insert_first_steps
from matters.models import Matter, Step
from matters.services import FIRST_STEP, Submission, new_matter
from matters.states import ENDED, MatterStatus, StepState
from matters.turns import next_turns

LIMIT = 1_000  # matters of a batch


@dataclass(frozen=True)
class BatchedSubmission:
    """A matter of a batch to be."""

    submission: Submission
    custom_id: str | None = None


def submit_batch(company: Company, wanted: Sequence[BatchedSubmission], created_by: User | None) -> Batch:
    """Store a batch with all its matters and their first steps in one transaction."""
    with transaction.atomic():
        batch = Batch.objects.create(company=company, created_by=created_by)
        found = earlier_matters(company, [item.submission.dedupe for item in wanted])
        matters, own = _matters_of(company, [item.submission for item in wanted], found, created_by)
        _store([matter for matter, is_own in zip(matters, own, strict=True) if is_own])
        BatchItem.objects.bulk_create(
            BatchItem(batch=batch, index=index, matter=matter, custom_id=item.custom_id, is_own=is_own)
            for index, (item, matter, is_own) in enumerate(zip(wanted, matters, own, strict=True))
        )
    return batch


def _matters_of(
    company: Company, submissions: Sequence[Submission], found: Mapping[str, Matter], created_by: User | None
) -> tuple[list[Matter], list[bool]]:
    """The matter of each submission, and whether it is a new one: not where `dedupe` finds it, also further up."""
    turns = {
        priority: iter(next_turns(company, priority, count))
        for priority, count in _new_by_priority(submissions, found).items()
    }
    known = dict(found)
    matters, own = [], []
    for submission in submissions:
        matter = known.get(submission.dedupe)
        own.append(matter is None)
        if matter is None:
            matter = new_matter(company, submission, next(turns[submission.priority]), created_by)
            if submission.dedupe:
                known[submission.dedupe] = matter
        matters.append(matter)
    return matters, own


def _new_by_priority(submissions: Sequence[Submission], found: Mapping[str, Matter]) -> dict[str, int]:
    known, counts = set(found), dict[str, int]()
    for submission in submissions:
        if submission.dedupe in known:
            continue
        if submission.dedupe:
            known.add(submission.dedupe)
        counts[submission.priority] = counts.get(submission.priority, 0) + 1
    return counts


def _store(matters: Sequence[Matter]) -> None:
    Matter.objects.bulk_create(matters)
    append_to_each({matter.pk: matter_updated(matter, why="submitted") for matter in matters})
    insert_first_steps(FIRST_STEP, [matter.pk for matter in matters])


def cancel_queued(matters: Sequence[UUID]) -> None:
    """Stop those of `matters` that nobody has begun with and nobody holds, in one transaction; the others are
    `cancel_matter`'s."""
    with transaction.atomic():
        waiting = Matter.objects.filter(pk__in=matters, status=MatterStatus.QUEUED)
        locked = list(waiting.order_by("pk").select_for_update(no_key=True, skip_locked=True))
        open_steps = Step.objects.exclude(state__in=[StepState.DONE, StepState.CANCELED]).filter(matter__in=locked)
        open_steps.update(state=StepState.CANCELED, epoch=F("epoch") + 1, finished_at=Now())
        Matter.objects.filter(pk__in=[matter.pk for matter in locked]).update(
            status=MatterStatus.CANCELED, waiting_for=None, error=None, completed_at=Now()
        )
        for matter in locked:
            matter.status, matter.waiting_for, matter.error = MatterStatus.CANCELED, None, None
        why, queued = "stopped with its batch", MatterStatus.QUEUED
        append_to_each({matter.pk: matter_updated(matter, from_status=queued, why=why) for matter in locked})


def note_stop(batch: Batch) -> None:
    """Note that somebody stopped the batch; the time of the first one stays."""
    Batch.objects.filter(pk=batch.pk, canceled_at=None).update(canceled_at=Now())
    batch.refresh_from_db()


def batches_as_json(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Batches as the API shows them, without their items; the fields are in `docs/contract.md`."""
    of_each = {batch.pk: (dict.fromkeys(map(str, MatterStatus), 0), [0.0, 0]) for batch in batches}
    needed = Greatest(F("matter__steps_total"), F("matter__steps_done"), 1)
    rows = (
        BatchItem.objects.filter(batch__in=of_each)
        .values_list("batch", "matter__status")
        .annotate(
            items=Count("index"), progress=Sum(Least(99.0, Cast(100 * F("matter__steps_done"), FloatField()) / needed))
        )
        .order_by()
    )
    for batch, status, count, progress in rows:
        counts, total = of_each[batch]
        counts[status] = count
        total[0] += 100 * count if status in ENDED else progress
        total[1] += count
    return [_as_json(batch, *of_each[batch.pk]) for batch in batches]


def _as_json(batch: Batch, counts: dict[str, int], total: Sequence[float]) -> dict[str, Any]:
    progress, items = total
    has_ended = sum(counts[status] for status in ENDED) == items
    return {
        "id": str(batch.pk),
        "status": ("canceled" if batch.canceled_at else "completed") if has_ended else "processing",
        "created_at": batch.created_at,
        "canceled_at": batch.canceled_at,
        "total": int(items),
        "counts": counts,
        "progress": int(progress / items) if items else 100,
    }


def batch_as_json(batch: Batch) -> dict[str, Any]:
    """One batch with its items."""
    names = ("index", "id", "custom_id", "status")
    rows = batch.items.values_list("index", "matter_id", "custom_id", "matter__status")
    items = [dict(zip(names, (index, str(matter), *rest), strict=True)) for index, matter, *rest in rows]
    return batches_as_json([batch])[0] | {"items": items}
