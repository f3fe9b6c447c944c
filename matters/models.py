"""Rows of the intake and of the pipeline's state. PostgreSQL is the truth; everything else only wakes somebody."""

import uuid
from datetime import date
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from companies.encryption import EncryptedJSONField
from companies.models import Company
from matters.batches.models import Batch as Batch  # Django looks for models here
from matters.batches.models import BatchItem as BatchItem
from matters.facts.periods import period_of
from matters.facts.values import in_words
from matters.notices.models import Notice as Notice
from matters.notices.presence import Presence as Presence
from matters.processes import ProcessReport as ProcessReport
from matters.states import (
    MATTER_TRANSITIONS,
    QUESTION_TRANSITIONS,
    About,
    AnswerKind,
    MatterStatus,
    QuestionStatus,
    StepState,
    WaitingFor,
)
from matters.webhooks.deliveries import Delivery as Delivery


class Priority(models.TextChoices):
    """Interactive matters are served before batches."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class ShownMatters(models.Manager["Matter"]):
    """The matters that people and programs may see: those that nobody has deleted."""

    def get_queryset(self) -> models.QuerySet["Matter"]:
        """All but the deleted ones."""
        return super().get_queryset().filter(deleted_at=None)


class Matter(models.Model):
    """A legal question of a company, and where the work on it stands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="matters")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    question = models.TextField()
    title = models.CharField(max_length=200, blank=True, default="", help_text="As people call it; empty: the question")
    priority = models.CharField(max_length=20, choices=Priority, default=Priority.INTERACTIVE)
    model = models.CharField(max_length=200, blank=True, help_text="Model for the advice; empty: the settings' one")
    metadata = models.JSONField(default=dict, blank=True)
    webhook_url = models.CharField(max_length=2048, blank=True, default="", help_text="Its ends are sent there, too")
    callback_headers = EncryptedJSONField(null=True, editable=False, help_text="Go along with what is sent there")
    dedupe = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of what makes it the same")

    status = models.CharField(max_length=20, choices=MatterStatus, default=MatterStatus.QUEUED)
    waiting_for = models.CharField(max_length=20, choices=WaitingFor, null=True, blank=True)
    failed_from = models.CharField(max_length=20, choices=MatterStatus, null=True, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="code, message, retryable: why it failed or waits")
    version = models.PositiveIntegerField(default=1, help_text="Number of the wish for advice that is worked on")
    event_number = models.BigIntegerField(default=0, help_text="Number of its newest event")
    steps_done = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=1, help_text="Steps of this version that are known to be needed")
    retries = models.PositiveIntegerField(default=0, help_text="How often somebody made it go on")
    people = models.JSONField(
        default=dict, blank=True, help_text="Whom it is about, by provider: id (null: nobody there), name, how"
    )

    turn = models.DateTimeField(
        default=timezone.now, help_text="Its place in the order of service: see matters/turns.py"
    )
    submitted_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    pruned_at = models.DateTimeField(null=True, blank=True, help_text="When its content was removed")
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="When a person deleted it; nobody sees it then")

    objects = models.Manager["Matter"]()
    shown = ShownMatters()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["deleted_at"],
                name="matter_to_forget",
                condition=Q(deleted_at__isnull=False, pruned_at__isnull=True),
            ),
            models.Index(fields=["company", "-submitted_at", "id"], name="matter_list"),
            models.Index(fields=["status", "waiting_for"], name="matter_states"),  # /metrics, and who is not ended
            models.Index(
                fields=["completed_at"],
                name="matter_to_prune",
                condition=Q(completed_at__isnull=False, pruned_at__isnull=True),
            ),
            models.Index(fields=["company", "dedupe"], name="matter_dedupe", condition=~Q(dedupe="")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=MatterStatus.values), name="matter_status_known"),
            models.CheckConstraint(
                condition=Q(waiting_for__isnull=True) | Q(waiting_for__in=WaitingFor.values),
                name="matter_waiting_for_known",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="matter_status",
                field="status",
                transitions=[(str(old), str(new)) for old, news in MATTER_TRANSITIONS.items() for new in sorted(news)],
            )
        ]

    def __str__(self) -> str:
        return f"matter {str(self.pk)[:8]}"  # no content: lists and titles of the admin show it to all staff


class Question(models.Model):
    """One fact that the advice needs, asked of a provider or of a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveIntegerField(help_text="Order on the page, from 1")
    key = models.CharField(max_length=80, help_text="Name of the fact it gives")
    text = models.TextField()
    why = models.TextField(help_text="Why it matters, for the founder")
    kind = models.CharField(max_length=10, choices=AnswerKind, default=AnswerKind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    source_hint = models.CharField(max_length=20, blank=True, help_text="Where the playbook would look")
    about = models.CharField(max_length=10, choices=About, default=About.MATTER)
    lifetime_days = models.PositiveIntegerField(default=0, help_text="For so long its fact may serve other matters")
    status = models.CharField(max_length=20, choices=QuestionStatus, default=QuestionStatus.PENDING)
    source = models.CharField(max_length=20, null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Why it is asked of its source, for the founder")
    known = models.TextField(blank=True, help_text="What a provider could say of it, shown beside the question")
    round = models.PositiveIntegerField(default=1)
    wording = models.TextField(blank=True, help_text="As a person is asked")
    hint = models.TextField(blank=True)
    problem = models.TextField(blank=True, help_text="Why the answer of the round before could not be read")
    answers = models.JSONField(
        default=list, blank=True, help_text="round, answer (null: not known), by, on (the day): all rounds"
    )
    proposal = models.JSONField(
        null=True, blank=True, help_text="document, name, page, place, quote, answer: to be confirmed by a person"
    )
    offered = models.ForeignKey(
        "CompanyFactEntry",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="What is known already, to be confirmed by one click",
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True, blank=True, help_text="Since when they are asked")

    class Meta:
        ordering: ClassVar = ["position"]
        indexes: ClassVar = [
            models.Index(
                fields=["assigned_to", "assigned_at"],
                name="question_assigned",
                condition=Q(status=QuestionStatus.AWAITING_FOUNDER, assigned_to__isnull=False),
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "position"], name="question_position_once"),
            models.UniqueConstraint(fields=["matter", "key"], name="question_key_once"),
            models.CheckConstraint(condition=Q(status__in=QuestionStatus.values), name="question_status_known"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="question_status",
                field="status",
                transitions=[
                    (str(old), str(new)) for old, news in QUESTION_TRANSITIONS.items() for new in sorted(news)
                ],
            )
        ]

    def __str__(self) -> str:
        return self.text[:80] or f"question {self.position}"

    @property
    def answer(self) -> str | None:
        """The newest round's answer, in the person's words; None where there is none or they don't know."""
        return self.answers[-1]["answer"] if self.answers else None

    @property
    def answer_told(self) -> str | None:
        """What the API tells as the answer: `answer`, and where no person was asked the value that a source has."""
        if self.answers or self.status != QuestionStatus.ANSWERED:
            return self.answer
        found: Fact | None = getattr(self, "fact", None)
        return None if found is None or found.value is None else in_words(found.value, found.unit)

    @property
    def period(self) -> str:
        """Of what span of time an amount of money is asked for, such as "per year"; empty where of none."""
        return period_of(f"{self.text}\n{self.wording}") if self.kind == AnswerKind.MONEY else ""

    @property
    def answered_on(self) -> date:
        """The day of the newest answer (UTC), which is what its "today" means; for one without a day, this one."""
        given = self.answers[-1].get("on") if self.answers else None
        return date.fromisoformat(given) if given else timezone.now().date()


class FactStatus(models.TextChoices):
    """What a fact is worth. Advice may rest only on known ones."""

    KNOWN = "known"
    UNVERIFIED = "unverified"  # the person's words, which could not be read as the type asked for
    REDACTED = "redacted"
    MISSING = "missing"  # asked, and nobody knows
    DISPUTED = "disputed"


class Fact(models.Model):
    """A typed fact of a matter: value, unit, as-of date, source."""

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="facts")
    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="fact")
    key = models.CharField(max_length=80)
    value = models.TextField(null=True)
    unit = models.CharField(max_length=100, null=True, blank=True)
    as_of = models.DateField(null=True, blank=True)
    statement = models.TextField(blank=True, help_text="The fact in one sentence")
    source = models.CharField(max_length=20)
    status = models.CharField(max_length=20, choices=FactStatus, default=FactStatus.KNOWN)
    record_id = models.CharField(max_length=200, blank=True, help_text="The source's own name for where it stands")
    subject = models.CharField(max_length=200, blank=True, help_text="rippling:<worker id>; empty: the company itself")
    company_fact = models.ForeignKey(
        "CompanyFact",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="in_matters",
        help_text="Where the values stand that disagree",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["question__position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["matter", "key"], name="fact_key_once")]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


class CompanyFact(models.Model):
    """One line of a company's ledger of facts: the newest value, whatever matter it was gathered for.

    Every value that was ever given is a row of its own, and is not changed. A line with a `matter` holds what two
    sources said of something that concerns that matter alone; it is there to be settled, and is never offered.
    """

    class Status(models.TextChoices):
        KNOWN = "known"
        DISPUTED = "disputed"  # the entries from `current_entry` on disagree

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="facts")
    matter = models.ForeignKey(Matter, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=200, blank=True, help_text="rippling:<worker id>; empty: the company itself")
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=AnswerKind)
    choices = models.JSONField(default=list, blank=True)
    lifetime_days = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.KNOWN)
    value = models.TextField(blank=True)
    unit = models.CharField(max_length=100, null=True, blank=True)
    as_of = models.DateField(null=True, blank=True)
    statement = models.TextField(blank=True)
    source = models.CharField(max_length=20, blank=True)
    record_id = models.CharField(max_length=200, blank=True)
    current_entry = models.BigIntegerField(null=True, blank=True, help_text="The entry that the value is of")
    settlement = models.BigIntegerField(null=True, blank=True, help_text="The entry by which a person settled it")
    gathered_at = models.DateTimeField(help_text="When the value was given or confirmed")
    stale_at = models.DateTimeField(help_text="Until then it may serve other matters")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["company", "-created_at", "id"], name="company_fact_list"),
            models.Index(fields=["stale_at"], name="company_fact_stale"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "subject", "key"], condition=Q(matter__isnull=True), name="company_fact_once"
            ),
            models.UniqueConstraint(
                fields=["matter", "key"], condition=Q(matter__isnull=False), name="company_fact_once_a_matter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


class CompanyFactEntry(models.Model):
    """One value that somebody gave for a line of the ledger: who, when, and for which matter. Never changed."""

    class How(models.TextChoices):
        GATHERED = "gathered"
        CONFIRMED = "confirmed"  # a person said of an earlier value that it is still right
        SETTLED = "settled"  # a person decided between values

    fact = models.ForeignKey(CompanyFact, on_delete=models.CASCADE, related_name="entries")
    how = models.CharField(max_length=10, choices=How, default=How.GATHERED)
    value = models.TextField()
    unit = models.CharField(max_length=100, null=True, blank=True)
    as_of = models.DateField(null=True, blank=True)
    statement = models.TextField(blank=True)
    source = models.CharField(max_length=20)
    record_id = models.CharField(max_length=200, blank=True)
    chosen = models.BigIntegerField(null=True, blank=True, help_text="Settled: the entry whose value it is")
    matter = models.ForeignKey(Matter, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["fact", "pk"]
        verbose_name_plural = "company fact entries"
        triggers: ClassVar = [pgtrigger.ReadOnly(name="company_fact_entry_read_only", exclude=["matter", "by"])]

    def __str__(self) -> str:
        return f"{self.how}: {self.value[:80]}"


class Step(models.Model):
    """One row of the ledger: a piece of work, whose outcome is stored exactly once.

    A worker claims the best due row (`workers/claims.py`): `epoch` + 1, `attempt` + 1 and a lease; everything it writes
    afterwards is refused unless the epoch is still its own. Only PostgreSQL's clock counts.
    """

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="steps")
    version = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=100, help_text="Names the step within its matter and version")
    kind = models.CharField(max_length=40, help_text="Also the name of its Celery task")
    subject = models.CharField(max_length=40, blank=True, help_text="Question or playbook version it is about")
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=StepState, default=StepState.READY)
    turn = models.DateTimeField(default=timezone.now, help_text="Its matter's place in the order of service")
    due_at = models.DateTimeField(help_text="Ready: may be claimed from then on. Running: when its lease runs out")
    attempt = models.PositiveIntegerField(default=0, help_text="Claims so far that were not put off before a call")
    calls_seen = models.PositiveIntegerField(default=0, help_text="Calls whose outcome the model saw or may have seen")
    epoch = models.PositiveIntegerField(default=0, help_text="Number of the claim whose writes count")
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "version", "key"], name="step_once"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "turn", "id"],
                name="step_due",
                condition=Q(state__in=[StepState.READY, StepState.RUNNING]),
            ),
            models.Index(fields=["finished_at"], name="step_dead", condition=Q(state=StepState.DEAD)),
            BrinIndex(fields=["finished_at"], name="step_finished", autosummarize=True),  # of the last hour
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.matter_id}"


class DeadLetter(Step):
    """A step that gave up, as operators see it."""

    class Meta:
        proxy = True


class CallOutcome(models.TextChoices):
    """How a call to a model ended."""

    OK = "ok"
    INVALID = "invalid"  # the reply did not satisfy the schema
    ERROR = "error"
    CANCELED = "canceled"
    CACHED = "cached"  # not made: an earlier reply to the same was used


class LLMCall(models.Model):
    """One call to a language model, whatever came of it. Its words are beside it, in LLMCallText."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="calls")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="calls")
    kind = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField(help_text="Attempt of the step")
    model = models.CharField(max_length=200)
    prompt_sha256 = models.CharField(max_length=64, help_text="Of the messages, as JSON with sorted names")
    outcome = models.CharField(max_length=10, choices=CallOutcome)
    error_code = models.CharField(max_length=40, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0, help_text="US dollars")
    latency_ms = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "LLM call"
        indexes: ClassVar = [models.Index(fields=["at"], name="call_at")]

    def __str__(self) -> str:
        return f"{self.kind} → {self.outcome}"


class LLMCallText(models.Model):
    """What a call said and what came back: content, shown at the review desk alone, and gone with the matter's content.

    A row of its own, so that whatever counts calls reads past no words. Of a call that wrote an advice nothing is
    stored twice: the reply is the text of the attempt `wrote`, from the code point `start` on, and the texts of the
    sources in the prompt are that attempt's (`workers.steps.draft_advice.with_sources`).
    """

    call = models.OneToOneField(LLMCall, on_delete=models.CASCADE, primary_key=True, related_name="text")
    prompt = models.TextField(help_text="The messages, as JSON with sorted names; sources of an advice as markers")
    reply = models.TextField(blank=True, help_text="Whole, valid or not; of a call that failed, what was said of that")
    wrote = models.BigIntegerField(null=True, blank=True, help_text="The attempt of the advice whose text is the reply")
    start = models.PositiveIntegerField(default=0, help_text="Where in that text, in code points")

    def __str__(self) -> str:
        return f"words of call {self.pk}"


class ProviderCall(models.Model):
    """One HTTP request to a provider of facts, whatever came of it. Never its body."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="provider_calls")
    question = models.ForeignKey(
        Question, null=True, blank=True, on_delete=models.CASCADE, related_name="provider_calls"
    )
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="provider_calls")
    provider = models.CharField(max_length=20)
    operation = models.CharField(max_length=40, help_text="What was wanted, of the list that workers may ask for")
    status = models.PositiveIntegerField(null=True, blank=True, help_text="Of HTTP; empty: nothing answered")
    error_code = models.CharField(max_length=40, blank=True)
    latency_ms = models.PositiveIntegerField(default=0)
    record_ids = models.JSONField(default=list, blank=True, help_text="The provider's ids of what it showed")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"{self.provider} {self.operation} → {self.status or self.error_code}"


class CachedReply(models.Model):
    """A model's reply that satisfied its schema, to be used again for exactly the same (workers/reply_cache.py)."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE)
    matter = models.ForeignKey(
        Matter, null=True, on_delete=models.CASCADE, help_text="That asked last; it goes with its content"
    )
    sha256 = models.CharField(max_length=64, help_text="Of server, model, messages and schema")
    text = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "cached replies"
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "sha256"], name="cached_reply_once")]

    def __str__(self) -> str:
        return self.sha256


class Breaker(models.Model):
    """A provider, or one model of it, that refuses every call until a person changes something (workers/breaker.py)."""

    key = models.CharField(max_length=255, primary_key=True, help_text="`llm`, or `llm:` and the model")
    code = models.CharField(max_length=40)
    detail = models.TextField(blank=True, help_text="What the provider said")
    opened_at = models.DateTimeField(auto_now_add=True)
    probe_at = models.DateTimeField(help_text="When one call may try again")

    def __str__(self) -> str:
        return f"{self.key}: {self.code}"


class Event(models.Model):
    """One event of a matter's stream, all but the text of an advice, which is read from its chunks.

    Numbers are given under the matter's row lock: unlike a sequence's, they are committed in their order.
    `from_status`, `to_status` and `why` are for people who look into it later; the stream shows `data`.
    """

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="events")
    number = models.BigIntegerField()
    type = models.CharField(max_length=40)
    data = models.JSONField()
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20, blank=True)
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["matter", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["matter", "number"], name="event_number_once")]
        triggers: ClassVar = [
            # Wakes whoever reads the matter. One that is small and ends nothing comes along, so that a reader who has
            # everything before it needs no query. PostgreSQL refuses payloads of 8,000 bytes and more. Of the checks of
            # an advice there may be a hundred thousand, and the event that ends it, appended with them, tells of all.
            pgtrigger.Trigger(
                name="event_notify",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.type <> 'advice.checked'"),
                func="""
                    PERFORM pg_notify('matterstream', concat_ws(' ', 'event', NEW.matter_id, NEW.number,
                        CASE WHEN NEW.type IN ('matter.updated', 'question.updated')
                              AND NEW.to_status NOT IN ('advised', 'failed', 'canceled')
                              AND octet_length(NEW.data::text) < 7500
                             THEN concat_ws(' ', NEW.type, (extract(epoch FROM NEW.at) * 1000000)::bigint,
                                            NEW.data::text) END));
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.type}"


class IdempotencyRecord(models.Model):
    """The answer that a POST with an `Idempotency-Key` got, to be given again for 24 hours."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "key"], name="idempotency_key_once")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
