"""How long a matter takes, and what it waits for just now: what a founder who watches wants to know."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from matters.models import Matter, Question
from matters.states import ENDED, MatterStatus, QuestionStatus, WaitingFor

REVIEWER_WRITES = "a reviewer writes a new version"
_HELD_UP = {
    WaitingFor.PROVIDER: "the language model, which is unavailable",
    WaitingFor.RATE_LIMIT: "the language model’s rate limit",
    WaitingFor.BUDGET: "tomorrow’s budget",
}
_WORDED = frozenset({QuestionStatus.PENDING, QuestionStatus.ROUTING, QuestionStatus.ASKING})


@dataclass(frozen=True)
class Clock:
    """When the work that is shown began, when it came to where it is, and when it ended (None: it goes on)."""

    began: datetime
    changed: datetime
    ended: datetime | None

    @property
    def took(self) -> str:
        """From beginning to end, waiting for people included; empty while it goes on."""
        return in_words(self.ended - self.began) if self.ended else ""


def clock_of(matter: Matter) -> Clock:
    """`began`: when it was asked, or last made to go on after an end. A reviewer who rewrites it does not do that."""
    changes = matter.events.filter(type="matter.updated").exclude(from_status="").exclude(from_status=F("to_status"))
    at = changes.order_by("-number").values_list("at", flat=True)
    again = at.filter(from_status__in=ENDED).exclude(why=REVIEWER_WRITES).first()
    began = again or matter.submitted_at
    return Clock(began, at.first() or began, matter.completed_at)


def in_words(time: timedelta) -> str:
    """Such as "2 min 5 s" or "3 d 4 h": two units at most."""
    seconds = max(0, int(time.total_seconds()))
    counts = [("d", seconds // 86_400), ("h", seconds // 3_600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60)]
    while len(counts) > 1 and not counts[0][1]:
        counts.pop(0)
    return " ".join(f"{count} {unit}" for unit, count in counts[:2])


def waits_of(matter: Matter, questions: list[Question], disputes: int, is_writing: bool) -> list[str]:
    """What has to come before it goes on, each in a few words with its number; nothing for one that has ended."""
    if matter.status in ENDED:
        return []
    held_up = _HELD_UP.get(WaitingFor(matter.waiting_for)) if matter.waiting_for else None
    parts = [*([held_up] if held_up else []), *_people(questions, disputes), *_machines(questions)]
    if not parts and matter.status == MatterStatus.QUEUED:
        return ["a free worker"]
    if not parts and matter.status == MatterStatus.ADVISING:
        return ["the language model, which is writing" if is_writing else "the language model’s first words"]
    return parts or ["the language model"]


def _people(questions: list[Question], disputes: int) -> Iterator[str]:
    open_ = [q for q in questions if q.status == QuestionStatus.AWAITING_FOUNDER]
    for email, count in sorted(Counter(q.assigned_to.email if q.assigned_to else "" for q in open_).items()):
        yield f"{email or 'you'}: {count} {'answer' if count == 1 else 'answers'}"
    if disputes:
        yield f"you: {disputes} {'dispute' if disputes == 1 else 'disputes'} to settle"


def _machines(questions: list[Question]) -> Iterator[str]:
    asked = Counter((q.source or "a provider").capitalize() for q in questions if q.status == QuestionStatus.FETCHING)
    for provider, count in sorted(asked.items()):
        yield f"{provider}: {count} {'fact' if count == 1 else 'facts'}"
    worded = sum(q.status in _WORDED for q in questions)
    if worded:
        yield f"{worded} {'question' if worded == 1 else 'questions'} to be worded"
    read = sum(q.status == QuestionStatus.NORMALISING for q in questions)
    if read:
        yield f"{read} {'answer' if read == 1 else 'answers'} to be read"
