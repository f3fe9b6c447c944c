"""What the API shows of an advice and of events, for its description: tests hold real answers against it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema

from advice.models import AttemptStatus
from advice.review.schemas import ReviewOut


class CheckOut(Schema):
    """What comparing a passage (code points `start` to `end`) with the sources it names gave."""

    start: int
    end: int
    verdict: str
    sources: list[str]
    reason: str


class AdviceOut(Schema):
    """An attempt. `sha256` is null, and `content` what is stored so far, while it streams."""

    version: int
    attempt: int
    status: AttemptStatus
    content: str
    sha256: str | None
    sources: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    checks: list[CheckOut]
    model: str
    created_at: datetime
    notice: str
    review: ReviewOut


class EventOut(Schema):
    """An event of a matter's stream; `docs/contract.md` has the data of each type."""

    id: str
    type: Literal[
        "matter.updated",
        "question.updated",
        "advice.started",
        "advice.delta",
        "advice.checked",
        "advice.superseded",
        "advice.completed",
        "matter.failed",
    ]
    matter: UUID
    at: datetime
    data: dict[str, Any]


class EventPage(Schema):
    """Events in their order; `cursor` goes on behind them, and after `done` nothing can follow as things stand."""

    events: list[EventOut]
    cursor: str
    done: bool


def described(media_type: str) -> dict[str, Any]:
    """What to add to an operation's description whose answer is text of `media_type`."""
    return {"responses": {200: {"content": {media_type: {"schema": {"type": "string"}}}}}}
