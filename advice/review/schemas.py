"""What the API shows of a review, for its description."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema


class RemarkOut(Schema):
    """A reviewer's comment on a passage: code points `start` to `end` of the text."""

    start: int
    end: int
    passage: str
    text: str


class SentBack(Schema):
    """Why a reviewer sent an advice back."""

    by: str
    at: datetime
    reasons: str
    comments: list[RemarkOut]


class ReviewOut(Schema):
    """Where the review stands. `reasons` says why an approval is `stale`; the others are null for a `draft`."""

    state: Literal["draft", "reviewed", "stale"]
    reviewed_by: str | None
    reviewed_at: datetime | None
    sha256: str | None
    reasons: list[str]
    sent_back: SentBack | None


class BoundAdvice(Schema):
    """All that an approval binds."""

    matter: UUID
    version: int
    attempt: int
    model: str
    question: str
    content: str
    sources: list[dict[str, Any]]
    facts: list[dict[str, Any]]


class BadgeOut(Schema):
    """A badge: what was signed, its SHA-256, the Ed25519 signature and the public key, both base64."""

    statement: dict[str, Any]
    sha256: str
    signature: str
    public_key: str


class BadgeFile(Schema):
    """What `manage.py verify_badge` proves: the advice as it is, and the badge as it was given."""

    advice: BoundAdvice
    badge: BadgeOut
