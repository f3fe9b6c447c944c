"""When an asker is to be told what a reviewer decided, and what is so when that is sent."""

from uuid import UUID

from django.db.models import F, Q

from advice.review.models import Review, ReviewState
from matters.notices.due import tells_asker
from matters.notices.models import Decision, NoticeKind
from matters.states import MatterStatus

_DECIDED = """
  JOIN advice_attempt a ON a.matter_id = m.id AND a.version = m.version
  JOIN advice_review r ON r.attempt_id = a.id
   AND (r.state = 'sent_back' OR r.state = 'approved' AND r.stale_since IS NULL)
"""
_DECISION = """
       CASE WHEN r.state = 'approved' THEN 'approved' WHEN r.sha256 = '' THEN 'sent_back' ELSE 'withdrawn' END
"""
# For `matters.notices.due.store_due_notices`. A version that a reviewer wrote is told of as any other version.
REVIEWED = tells_asker(
    NoticeKind.REVIEWED,
    MatterStatus.ADVISED,
    occasion=f"m.version || '.' || {_DECISION}",
    at="r.decided_at",
    more=_DECIDED,
)


def decision_of(matter: UUID) -> Decision | None:
    """What a reviewer did last about the advice that stands, as far as it holds.

    None where nobody decided, an approval was found stale, or a new advice is wished for.
    """
    version = F("attempt__matter__version")
    holds = Q(state=ReviewState.SENT_BACK) | Q(state=ReviewState.APPROVED, stale_since=None)
    edited = Q(attempt__version=version - 1, state=ReviewState.EDITED)
    reviews = Review.objects.filter(attempt__matter=matter, attempt__matter__status=MatterStatus.ADVISED)
    found = (
        reviews.filter(Q(holds, attempt__version=version) | edited)
        .order_by("-attempt__version")
        .values_list("state", "sha256")
        .first()
    )
    if found is None:
        return None
    state, badge = found
    return Decision.WITHDRAWN if state == ReviewState.SENT_BACK and badge else Decision(state)
