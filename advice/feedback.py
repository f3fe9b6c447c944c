"""What people think of an advice: thumbs up or down, with a reason. Staff read it in the admin."""

from django.db import transaction
from django.db.models.functions import Now

from advice.models import Attempt, AttemptStatus, Feedback
from companies.models import User
from matters.services import NotAllowed, lock_kept_matter


def give_feedback(attempt: Attempt, *, helpful: bool, reason: str, by: User) -> None:
    """Store what `by` thinks of an attempt that has ended; it takes the place of what they said before.

    Raises NotAllowed while the advice is being written.
    """
    with transaction.atomic():
        lock_kept_matter(attempt.matter_id)
        attempt.refresh_from_db(fields=["status"])
        if attempt.status == AttemptStatus.STREAMING:
            raise NotAllowed("The advice is still being written. Say what you think of it once it is done.")
        said = {"helpful": helpful, "reason": reason, "at": Now()}
        Feedback.objects.update_or_create(attempt=attempt, by=by, defaults=said)
