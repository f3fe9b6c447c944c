"""THE state machine of a matter and of a question: `docs/states.md` says it in words, and a test compares the two.

A status changes only by `matters.services.change_status`: a conditional UPDATE whose row count is checked, with a row
that says from, to and why. PostgreSQL holds the same table in a trigger, so that raw SQL can't leave it either.
"""

from django.db.models import TextChoices


class MatterStatus(TextChoices):
    """Where a matter stands."""

    QUEUED = "queued"  # accepted and stored; no worker has begun
    RESEARCHING = "researching"  # finding the playbook, deriving the questions
    GATHERING = "gathering"  # facts are being fetched, worded or read
    AWAITING_FOUNDER = "awaiting_founder"  # nothing left to do but wait for a person's answers
    ADVISING = "advising"  # the advice is being written
    ADVISED = "advised"  # the advice stands
    FAILED = "failed"  # a step gave up; Retry goes on from it
    CANCELED = "canceled"  # a person stopped it


S = MatterStatus
MATTER_TRANSITIONS: dict[MatterStatus, frozenset[MatterStatus]] = {
    S.QUEUED: frozenset({S.RESEARCHING, S.FAILED, S.CANCELED}),
    S.RESEARCHING: frozenset({S.GATHERING, S.ADVISING, S.FAILED, S.CANCELED}),
    S.GATHERING: frozenset({S.AWAITING_FOUNDER, S.ADVISING, S.FAILED, S.CANCELED}),
    S.AWAITING_FOUNDER: frozenset({S.GATHERING, S.ADVISING, S.FAILED, S.CANCELED}),
    S.ADVISING: frozenset({S.ADVISED, S.FAILED, S.CANCELED}),
    S.ADVISED: frozenset({S.ADVISING, S.GATHERING}),
    S.FAILED: frozenset({S.QUEUED, S.RESEARCHING, S.GATHERING, S.AWAITING_FOUNDER, S.ADVISING, S.CANCELED}),
    S.CANCELED: frozenset({S.QUEUED, S.RESEARCHING, S.GATHERING, S.AWAITING_FOUNDER, S.ADVISING}),
}
# Nothing happens by itself in these: the event stream has an end.
ENDED = frozenset({S.ADVISED, S.FAILED, S.CANCELED})


class WaitingFor(TextChoices):
    """What a matter that is not ended waits for, beside its status."""

    FOUNDER = "founder"
    RATE_LIMIT = "rate_limit"
    BUDGET = "budget"
    PROVIDER = "provider"
    CONFLICT = "conflict"


class QuestionStatus(TextChoices):
    """Where one question about the facts stands."""

    PENDING = "pending"  # derived, nobody looked at it yet
    ROUTING = "routing"  # who can answer it?
    FETCHING = "fetching"  # a provider is asked
    ASKING = "asking"  # it is being worded for a person
    AWAITING_FOUNDER = "awaiting_founder"  # it is on a person's page
    NORMALISING = "normalising"  # the answer is being read as a typed fact
    ANSWERED = "answered"  # there is a fact
    UNKNOWN = "unknown"  # nobody knows: the advice states the assumption
    FAILED = "failed"  # a step gave up


Q = QuestionStatus
QUESTION_TRANSITIONS: dict[QuestionStatus, frozenset[QuestionStatus]] = {
    Q.PENDING: frozenset({Q.ROUTING, Q.FAILED}),
    Q.ROUTING: frozenset({Q.FETCHING, Q.ASKING, Q.FAILED}),
    Q.FETCHING: frozenset({Q.ASKING, Q.NORMALISING, Q.FAILED}),
    Q.ASKING: frozenset({Q.AWAITING_FOUNDER, Q.FAILED}),
    Q.AWAITING_FOUNDER: frozenset({Q.NORMALISING, Q.UNKNOWN, Q.FAILED}),
    Q.NORMALISING: frozenset({Q.ANSWERED, Q.AWAITING_FOUNDER, Q.UNKNOWN, Q.FAILED}),
    Q.ANSWERED: frozenset(),
    Q.UNKNOWN: frozenset(),
    Q.FAILED: frozenset({Q.ROUTING, Q.FETCHING, Q.ASKING, Q.AWAITING_FOUNDER, Q.NORMALISING}),
}
SETTLED = frozenset({Q.ANSWERED, Q.UNKNOWN})
STATUS_OF_STEP = {  # of its question, while the step is to be done
    "route_question": Q.ROUTING,
    "request_record": Q.FETCHING,
    "fetch_record": Q.FETCHING,
    "convert_record": Q.FETCHING,
    "ask_founder": Q.ASKING,
    "normalise_answer": Q.NORMALISING,
}


class StepState(TextChoices):
    """Where one row of the ledger stands."""

    READY = "ready"  # may be claimed from `due_at` on
    RUNNING = "running"  # claimed; may be claimed again when its lease, `due_at`, has run out
    DONE = "done"  # its outcome is stored
    DEAD = "dead"  # gave up: a dead letter, until somebody's Retry
    HELD = "held"  # its matter failed at another step, or has a fact in dispute: until Retry, or a decision
    CANCELED = "canceled"  # not wanted any more


class AnswerKind(TextChoices):
    """What kind of answer a question expects."""

    TEXT = "text"
    YES_NO = "yes_no"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    CHOICE = "choice"


class About(TextChoices):
    """Whom a fact concerns: what concerns one matter alone is of no use to the next."""

    COMPANY = "company"
    PERSON = "person"
    MATTER = "matter"
