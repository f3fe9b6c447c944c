"""What the API shows of matters, for its description: tests hold real answers against it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema

from matters.events import EventType
from matters.models import FactStatus, Priority
from matters.states import AnswerKind, MatterStatus, QuestionStatus, WaitingFor
from matters.webhooks.deliveries import DeliveryStatus

Source = Literal["rippling", "carta", "document", "founder"]


class Accepted(Schema):
    """A matter that was stored, and where to look for it. `queue_position` 0 is next."""

    id: UUID
    status: MatterStatus
    poll_url: str
    events_url: str
    websocket_url: str
    queue_position: int
    eta_seconds: dict[str, float] | None


class Proposal(Schema):
    """An answer that stands in a document: a program found `quote` there. It counts once a person confirms it."""

    document: UUID
    name: str
    page: int
    place: str
    quote: str
    answer: str


class OfferOut(Schema):
    """What is known already: whoever is asked may say that it is still right."""

    value: str
    unit: str | None
    as_of: date | None
    source: Source
    gathered_at: datetime
    age_days: int


class QuestionOut(Schema):
    """A question about the facts.

    `problem` says why the answer of the round before could not be read, `reason` why it is asked of its source, `known`
    what a provider could say of it, though not the answer.
    """

    id: UUID
    text: str
    why: str
    kind: AnswerKind
    choices: list[str]
    hint: str
    problem: str
    status: QuestionStatus
    round: int
    source: Source | None
    reason: str
    known: str
    answer: str | None
    proposal: Proposal | None
    offered: OfferOut | None
    assigned_to: str | None


class FactOut(Schema):
    """A typed fact: `value` is written as text, null where nobody knows it; `record_id` is the source's own."""

    key: str
    value: str | None
    unit: str | None
    as_of: date | None
    source: Source
    record_id: str
    status: FactStatus


class AdviceSummary(Schema):
    """The newest attempt; `length` counts the code points that are stored now."""

    version: int
    attempt: int
    status: Literal["streaming", "complete", "incomplete", "superseded", "failed", "canceled"]
    length: int


class Usage(Schema):
    """Calls to models, whatever came of them, and their cost in US dollars (a decimal number as a string)."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: str


class MatterError(Schema):
    """Why a matter failed, or what keeps it waiting."""

    code: str
    message: str
    retryable: bool


class MatterOut(Schema):
    """A matter and where the work on it stands."""

    id: UUID
    question: str
    priority: Priority
    metadata: dict[str, Any]
    status: MatterStatus
    waiting_for: WaitingFor | None
    progress: int
    step: str
    submitted_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    pruned_at: datetime | None
    processing_ms: int | None
    attempts: int
    questions: list[QuestionOut]
    facts: list[FactOut]
    advice: AdviceSummary | None
    usage: Usage
    error: MatterError | None


class MatterPage(Schema):
    """A page of matters; `next` is the next page's cursor, null on the last."""

    items: list[MatterOut]
    next: str | None


class DayOfUsage(Usage):
    """What was used of one model on one day (UTC)."""

    day: date
    model: str


class UsagePage(Schema):
    """All days that were asked for; `next` is always null."""

    items: list[DayOfUsage]
    next: None


class EndpointOut(Schema):
    """A receiver of webhooks. `events`: the types that it is sent; null: only the ends."""

    id: UUID
    url: str
    events: list[EventType] | None
    created_at: datetime
    previous_secret_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str


class NewSecret(Schema):
    """A signing secret, which is not shown again, and until when the one before signs, too."""

    secret: str
    previous_secret_until: datetime | None


class EndpointWithSecret(EndpointOut, NewSecret):
    """The same with the secret that was just made."""


class EndpointPage(Schema):
    """A page of receivers; `next` is the next page's cursor, null on the last."""

    items: list[EndpointOut]
    next: str | None


class DeliveryOut(Schema):
    """An event on its way to a receiver (null: the matter's `webhook_url`). `id` is the `webhook-id`."""

    id: UUID
    endpoint: UUID | None
    matter: UUID
    type: EventType
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str
    response_ms: int | None
    created_at: datetime
    delivered_at: datetime | None


class DeliveryPage(Schema):
    """A page of deliveries; `next` is the next page's cursor, null on the last."""

    items: list[DeliveryOut]
    next: str | None


class BatchSummary(Schema):
    """A batch, and where its matters stand. `counts` has a number for each status of a matter."""

    id: UUID
    status: Literal["processing", "completed", "canceled"]
    created_at: datetime
    canceled_at: datetime | None
    total: int
    counts: dict[MatterStatus, int]
    progress: int


class BatchItemOut(Schema):
    """A matter of a batch: `id` is the matter's, `index` its place from 0."""

    index: int
    id: UUID
    custom_id: str | None
    status: MatterStatus


class BatchOut(BatchSummary):
    """A batch with its matters."""

    items: list[BatchItemOut]


class BatchPage(Schema):
    """A page of batches; `next` is the next page's cursor, null on the last."""

    items: list[BatchSummary]
    next: str | None
