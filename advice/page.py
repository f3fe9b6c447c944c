"""What the page of a matter shows, read in one go."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Max

from advice.markup import cited_and_others, contents_of, verdicts_of
from advice.models import COMPLETES, Attempt, AttemptStatus, Check, Feedback, ShareLink
from advice.notice import notice_beside
from advice.review.badge import Standing, standing_of
from advice.review.models import Review
from advice.sharing.links import good_links
from advice.stream import MatterGoneError, snapshot
from companies.models import User
from documents.models import Document
from documents.services import MOST_DOCUMENTS, open_searches, own_searches
from matters.facts.showing import documents_of, has_document
from matters.facts.storing import disputed_entries
from matters.models import CompanyFact, CompanyFactEntry, FactStatus, Matter, Question, Step
from matters.progress import progress_of
from matters.questions.assigning import colleagues
from matters.questions.fetching import is_about_person, waited_for
from matters.questions.trail import Trail, trails_of
from matters.stages import Stage, stages_of
from matters.states import ENDED, SETTLED, MatterStatus, QuestionStatus, WaitingFor
from matters.waits import Clock, clock_of, waits_of

TRIES_AGAIN = frozenset({WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT, WaitingFor.BUDGET})
FEWEST_HEADINGS = 3  # below that a list of contents says nothing
_ON_PAGE = frozenset({QuestionStatus.AWAITING_FOUNDER, QuestionStatus.NORMALISING})
_COMING = frozenset({QuestionStatus.PENDING, QuestionStatus.ROUTING, QuestionStatus.ASKING})


@dataclass(frozen=True)
class Dispute:
    """A question about which two sources disagree, with the newest value of each. `documents`: see `documents_of`."""

    question: Question
    line: CompanyFact
    values: list[CompanyFactEntry]
    documents: dict[str, str]


@dataclass(frozen=True)
class MatterPage:
    """`cursor` is where the stream goes on behind what is shown. `attempt` is None before the first advice.

    `stamp`: as `stamp_of` has it. `searches`: how many questions the documents are still to be searched for.
    `answered_by`: the address of the person who gave the newest answer, by the question's id. `own_searches`: as the
    function of that name has it.
    """

    matter: Matter
    stamp: str
    cursor: str
    questions: list[Question]
    attempt: Attempt | None
    text: str
    checks: list[Check]
    versions: list[int]
    is_newest: bool
    links: list[ShareLink]
    feedback: list[Feedback]
    stages: tuple[Stage, ...]
    progress: dict[str, Any] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    searches: int = 0
    own_searches: dict[UUID, list[tuple[Document, Step]]] = field(default_factory=dict)
    trails: dict[str, Trail] = field(default_factory=dict)
    answered_by: dict[str, str] = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    colleagues: tuple[str, ...] = ()  # addresses of the company's members, while somebody is asked something
    clock: Clock | None = None
    review: Standing | None = None

    @property
    def is_ended(self) -> bool:
        return self.matter.status in ENDED

    @property
    def is_live(self) -> bool:
        """Whether anything may still come by itself."""
        return self.is_newest and not self.is_ended

    @property
    def cards(self) -> list[Question]:
        """Questions that a person answers now, or whose answer is just being read. Others wait for whom it is about."""
        if self.is_ended:
            return []
        return sorted((q for q in self.questions if q.status in _ON_PAGE), key=lambda q: not is_about_person(q))

    @property
    def can_attach(self) -> bool:
        return not self.is_ended and len(self.documents) < MOST_DOCUMENTS

    @property
    def to_answer(self) -> int:
        return sum(q.status == QuestionStatus.AWAITING_FOUNDER for q in self.cards)

    @property
    def coming(self) -> int:
        """Questions that are not worded yet."""
        return 0 if self.is_ended else sum(q.status in _COMING for q in self.questions)

    @cached_property
    def fetching(self) -> list[tuple[Question, Question | None]]:
        """Questions that a provider is asked, each with the question whose answer it waits for, if it waits for one."""
        if self.is_ended:
            return []
        before = waited_for(self.matter, self.questions)
        return [(q, before.get(q)) for q in self.questions if q.status == QuestionStatus.FETCHING]

    @property
    def settled(self) -> list[Question]:
        return [q for q in self.questions if q.status in SETTLED]

    @property
    def left_open(self) -> int:
        """Questions that nobody will answer as things stand."""
        return len(self.questions) - len(self.settled) if self.is_ended else 0

    @property
    def problem(self) -> dict[str, Any] | None:
        """Why it failed or waits: code, message, retryable."""
        failed = self.matter.status == MatterStatus.FAILED
        return self.matter.error if failed or self.matter.waiting_for in TRIES_AGAIN else None

    @property
    def is_streaming(self) -> bool:
        return self.attempt is not None and self.attempt.status == AttemptStatus.STREAMING

    @property
    def is_given_up(self) -> bool:
        """Whether the text shown is what is left of an attempt that was given up, and not an advice."""
        return self.attempt is not None and self.attempt.status not in {*COMPLETES, AttemptStatus.STREAMING}

    @property
    def has_ended_attempt(self) -> bool:
        """Whether there is a text that never changes again, to be taken along or shared."""
        return self.attempt is not None and not self.is_streaming

    @property
    def can_regenerate(self) -> bool:
        return self.is_newest and self.matter.status in (MatterStatus.ADVISED, MatterStatus.CANCELED)

    @property
    def goes_on(self) -> bool:
        """Whether regenerating means to go on with a matter that was stopped before its advice was begun."""
        return self.matter.status == MatterStatus.CANCELED and self.attempt is None

    @property
    def waits(self) -> list[str]:
        """What has to come before the matter goes on."""
        return waits_of(self.matter, self.questions, len(self.disputes), self.is_streaming)

    @cached_property
    def contents(self) -> list[tuple[str, int, str]]:
        """The headings of a text that grows no more: id, depth, words."""
        found = contents_of(self.text) if self.has_ended_attempt else []
        return found if len(found) >= FEWEST_HEADINGS else []

    @property
    def sources(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The attempt's sources: those that the text refers to, and the others."""
        return cited_and_others(self.attempt.sources if self.attempt else [], self.text)

    @property
    def notice(self) -> str:
        return notice_beside(self.attempt, self.review) if self.attempt else ""

    @property
    def facts(self) -> list[dict[str, Any]]:
        return list(self.attempt.facts) if self.attempt else []

    @property
    def verdicts(self) -> list[tuple[str, str, str, int]]:
        return verdicts_of(self.checks)


def stamp_of(matter: Matter) -> str:
    """Another one with each event, decision of a reviewer, approval found stale, and once the content was removed.

    It covers no more: thumbs, share links, a title, a removed document, or a dispute settled after the matter was
    stopped are no events. One small query, for who comes back to an open page.
    """
    found = Review.objects.filter(attempt__matter=matter).aggregate(decided=Max("decided_at"), stale=Max("stale_since"))
    times = [*found.values(), matter.pruned_at]
    return ".".join([str(matter.event_number), *(str(at.timestamp()) if at else "" for at in times)])


def read_page(matter_id: UUID, version: int | None = None) -> MatterPage:
    """The page of a matter, with the newest advice or that of `version`. Raises MatterGoneError, Attempt.DoesNotExist.

    Cursor and stamp are taken first: what changes while the rest is read comes again, as an event or when asked for.
    """
    seen = snapshot(matter_id)
    matter = Matter.objects.filter(pk=matter_id).first()
    if matter is None:
        raise MatterGoneError(str(matter_id))
    stamp = stamp_of(matter)
    questions = list(matter.questions.select_related("fact__company_fact", "offered__fact", "assigned_to"))
    documents = list(matter.documents.all())
    versions = sorted(set(matter.attempts.values_list("version", flat=True)))
    is_newest = version is None or [version] == versions[-1:]
    attempt, text = seen.attempt, seen.text
    if not is_newest:
        assert version is not None
        attempt = matter.attempts.filter(version=version).order_by("-number")[:1].get()
    if attempt is not None and attempt.status != AttemptStatus.STREAMING:
        text = attempt.text
    return MatterPage(
        matter=matter,
        stamp=stamp,
        cursor=seen.cursor,
        questions=questions,
        attempt=attempt,
        text=text,
        checks=list(attempt.checks.all()) if attempt else [],
        versions=versions,
        is_newest=is_newest,
        links=list(good_links().filter(attempt__matter=matter).select_related("attempt").order_by("-created_at")),
        feedback=list(attempt.feedback.select_related("by")) if attempt else [],
        stages=stages_of(matter, questions),
        progress=progress_of(matter),
        documents=documents,
        searches=open_searches(matter),
        own_searches=own_searches(matter, documents),
        trails=trails_of(matter),
        answered_by=_answered_by(questions),
        disputes=tuple(_disputes(questions)),
        colleagues=_colleagues(matter, questions),
        clock=clock_of(matter),
        review=standing_of(attempt) if attempt and attempt.status in COMPLETES else None,
    )


def _answered_by(questions: list[Question]) -> dict[str, str]:
    given = {str(q.pk): q.answers[-1]["by"] for q in questions if q.answers and q.answers[-1]["by"]}
    emails = dict(User.objects.filter(pk__in=set(given.values())).values_list("pk", "email")) if given else {}
    return {question: emails[by] for question, by in given.items() if by in emails}


def _colleagues(matter: Matter, questions: list[Question]) -> tuple[str, ...]:
    if matter.status in ENDED or not any(q.status == QuestionStatus.AWAITING_FOUNDER for q in questions):
        return ()
    return tuple(colleagues(matter.company_id).values_list("email", flat=True))


def _disputes(questions: list[Question]) -> Iterator[Dispute]:
    facts = [(question, getattr(question, "fact", None)) for question in questions]
    disputed = [
        (question, fact.company_fact) for question, fact in facts if fact and fact.status == FactStatus.DISPUTED
    ]
    values = {line: disputed_entries(line) for _, line in disputed}
    documents = documents_of(line for line, entries in values.items() if has_document(entries))
    for question, line in disputed:
        yield Dispute(question, line, values[line], documents)
