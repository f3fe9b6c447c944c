"""A reviewer's own text as a new version: an advice like any other, with its events, checks and cursors."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from advice.models import Attempt, AttemptStatus, Chunk
from advice.review.desk import mark_edited, name_of
from advice.services import begin_attempt, end_attempt
from companies.models import User
from matters.models import Matter
from matters.services import NotAllowed, change_status, lock_kept_matter
from matters.states import MatterStatus
from matters.waits import REVIEWER_WRITES
from workers.steps.check_sources import check_sources
from workers.steps.draft_advice import AdviceFact, fact_text

MODEL_LENGTH = 200  # characters of the column


def edit_as_new_version(attempt_id: int, user: User, text: str) -> Attempt:
    """Make `text` the matter's next version, under the name of `user`, who has `attempt_id` in review, and the new one.

    Raises NotAllowed where somebody else has it, a newer advice is there or being written, or the text is as before.
    """
    checks = _checks_of(Attempt.objects.get(pk=attempt_id), text)
    with transaction.atomic():
        matter = lock_kept_matter(Attempt.objects.values_list("matter_id", flat=True).get(pk=attempt_id))
        old = Attempt.objects.get(pk=attempt_id)
        _check(matter, old, text)
        Matter.objects.filter(pk=matter.pk).update(version=F("version") + 1)
        matter.refresh_from_db()
        change_status(matter, MatterStatus.ADVISING, REVIEWER_WRITES)
        edited = _write(matter, old, user, text, checks)
        change_status(matter, MatterStatus.ADVISED, "a reviewer wrote a new version")
        mark_edited(old, user, edited)
    return edited


def _check(matter: Matter, old: Attempt, text: str) -> None:
    newest = matter.attempts.order_by("-started_event").values_list("pk", flat=True).first()
    if newest != old.pk or matter.status != MatterStatus.ADVISED:
        raise NotAllowed("There is a newer version of this advice, or one is being written. Look at that one.")
    if not text.strip() or text == old.text:
        raise NotAllowed("Nothing was changed." if text.strip() else "The text is empty.")


def _write(matter: Matter, old: Attempt, user: User, text: str, checks: list[dict[str, Any]]) -> Attempt:
    """The attempt of the new version, complete; its text goes the way of every text, so that every reader gets it."""
    edited = begin_attempt(
        matter,
        step_id=None,
        epoch=0,
        model=f"{old.model[: MODEL_LENGTH // 2]}, edited by {name_of(user)}"[:MODEL_LENGTH],
        sources=old.sources,
        facts=old.facts,
        notice=f"{old.notice} {name_of(user)} of our staff edited this text.".strip(),
    )
    Chunk.objects.create(attempt=edited, offset=0, text=text)
    return end_attempt(edited, AttemptStatus.COMPLETE, "", checks)


def _checks_of(old: Attempt, text: str) -> list[dict[str, Any]]:
    """The claims of `text`, compared with the sources and facts that it keeps of `old`, which never change."""
    sources = {source["marker"]: source["text"] for source in old.sources}
    facts = {fact["marker"]: fact_text(_fact(fact)) for fact in old.facts}
    return [vars(check) for check in check_sources(text, sources, facts)]


def _fact(stored: dict[str, Any]) -> AdviceFact:
    """A fact as the attempt keeps it."""
    as_of = date.fromisoformat(stored["as_of"]) if stored["as_of"] else None
    return AdviceFact(**stored | {"as_of": as_of})
