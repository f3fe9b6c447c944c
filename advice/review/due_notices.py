"""When an asker is to be told what a reviewer decided, and what is so when that is sent."""

from uuid import UUID

from django.db.models import F, Q

from advice.review.models import Review, ReviewState
from matters.due_notices import tells_asker
from matters.notices import Decision, NoticeKind
from matters.states import MatterStatus

_DECIDED = """
  JOIN advice_attempt a ON a.matter_id = m.id AND a.version = m.version
  JOIN advice_review r ON r.attempt_id = a.id AND r.state IN ('approved', 'sent_back')
"""
_DECISION = """
       CASE WHEN r.state = 'approved' THEN 'approved' WHEN r.sha256 = '' THEN 'sent_back' ELSE 'withdrawn' END
"""
# For `matters.due_notices.store_due_notices`. A version that a reviewer wrote is told of as any other version.
REVIEWED = tells_asker(
    NoticeKind.REVIEWED,
    MatterStatus.ADVISED,
    occasion=f"m.version || '.' || {_DECISION}",
    at="r.decided_at",
    more=_DECIDED,
)


def decision_of(matter: UUID) -> Decision | None:
    """What a reviewer did last about the advice that stands; None where nobody decided, or a new one is wished for."""
    version = F("attempt__matter__version")
    decided = Q(attempt__version=version, state__in=(ReviewState.APPROVED, ReviewState.SENT_BACK))
    edited = Q(attempt__version=version - 1, state=ReviewState.EDITED)
    reviews = Review.objects.filter(attempt__matter=matter, attempt__matter__status=MatterStatus.ADVISED)
    found = reviews.filter(decided | edited).order_by("-attempt__version").values_list("state", "sha256").first()
    if found is None:
        return None
    state, badge = found
    return Decision.WITHDRAWN if state == ReviewState.SENT_BACK and badge else Decision(state)
