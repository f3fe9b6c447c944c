"""Finding approvals that hold no more, so that their advice is at the review desk again without anybody opening it."""

from django.db.models import F
from django.utils import timezone

from advice.review.badge import faults_of_approval
from advice.review.models import Review, ReviewState

AT_ONCE = 100


def prove_approvals() -> int:
    """Hold the approvals that were not held against the rows for longest against them; returns how many are stale now.

    Each costs up to two small queries, the hashes of its texts and one signature; a run, one query and one UPDATE more.
    So a run's cost is bound by `AT_ONCE`, however many there are, and all of them are proved in turn, a run a minute.
    """
    reviews = Review.objects.select_related("attempt__matter").filter(
        attempt__matter__pruned_at=None, state=ReviewState.APPROVED
    )
    found = [_proved(review) for review in reviews.order_by(F("proved_at").asc(nulls_first=True), "pk")[:AT_ONCE]]
    Review.objects.bulk_update(found, ["proved_at", "stale_since"])
    return sum(review.stale_since is not None for review in found)


def _proved(review: Review) -> Review:
    """`review`, not stored, with what the rows say of it now; what was put right again is not stale."""
    now = timezone.now()
    review.stale_since = (review.stale_since or now) if faults_of_approval(review, review.attempt) else None
    review.proved_at = now
    return review
