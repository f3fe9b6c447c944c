"""What a reviewer sees of a matter, on one page."""

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from advice.markup import advice_html
from advice.models import Attempt
from advice.review.badge import Remark, Standing, remarks_of, standing_of
from advice.review.models import Review, ReviewState
from companies.models import User
from matters.models import Matter, Question
from matters.questions.trail import Trail, trails_of
from workers.review_desk.calls import CallShown, calls_shown
from workers.review_desk.doubts import doubts_of


@dataclass(frozen=True)
class DeskPage:
    """`mine`: the reader has it in review. `newest`: no later version is there or being written."""

    attempt: Attempt
    matter: Matter
    review: Review | None
    standing: Standing
    doubts: list[str]
    html: SafeString
    remarks: list[Remark]
    questions: list[tuple[Question, Any, Trail | None]]
    attempts: list[Attempt]
    calls: list[CallShown]
    mine: bool
    newest: bool

    @property
    def state(self) -> str:
        return self.review.get_state_display() if self.review else ReviewState.DRAFT.label

    @property
    def free(self) -> bool:
        return self.review is None or self.review.state == ReviewState.DRAFT

    @property
    def approved(self) -> bool:
        return self.review is not None and self.review.state == ReviewState.APPROVED


def desk_page(attempt: Attempt, reader: User) -> DeskPage:
    """The page of `attempt` for `reader`."""
    matter = attempt.matter
    review = Review.objects.select_related("reviewer").filter(attempt=attempt).first()
    checks, trails = list(attempt.checks.all()), trails_of(matter)
    attempts = list(matter.attempts.defer("text", "sources", "facts").order_by("-started_event"))
    questions = matter.questions.select_related("fact")
    return DeskPage(
        attempt=attempt,
        matter=matter,
        review=review,
        standing=standing_of(attempt),
        doubts=doubts_of(attempt, sum(c.verdict == "unsupported" for c in checks), bool(attempt.sources)),
        html=advice_html(attempt.text, attempt.sources, attempt.facts, checks),
        remarks=remarks_of(review, attempt) if review else [],
        questions=[(q, getattr(q, "fact", None), trails.get(str(q.pk))) for q in questions],
        attempts=attempts,
        calls=calls_shown(matter),
        mine=review is not None and review.state == ReviewState.IN_REVIEW and review.reviewer_id == reader.pk,
        newest=attempts[0].pk == attempt.pk,
    )
