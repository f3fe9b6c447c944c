"""What a reviewer does with an attempt: take it, comment, approve it, send it back, or let somebody else have it.

Each begins with the matter's row lock; whose it is, a conditional UPDATE decides.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from advice.models import Attempt, AttemptStatus
from advice.review.badge import advice_of, outdated_playbooks
from advice.review.binding import canonical, digest, sign, statement_of
from advice.review.keys import signing_key
from advice.review.models import Review, ReviewComment, ReviewState
from companies.models import User
from matters.services import NotAllowed, lock_kept_matter

STANDS = (AttemptStatus.COMPLETE, AttemptStatus.INCOMPLETE)
MOST_CHARACTERS = 10_000  # of reasons, or of a comment


def name_of(user: User) -> str:
    """How founders read who reviewed: by full name, else by address."""
    return user.get_full_name() or user.email


def take(attempt_id: int, user: User) -> Review:
    """Assign an attempt to `user`; done again it changes nothing. Raises NotAllowed where somebody else has it."""
    with transaction.atomic():
        attempt = _locked(attempt_id)
        review, _ = Review.objects.get_or_create(attempt=attempt)
        fields = {"state": ReviewState.IN_REVIEW, "reviewer": user, "taken_at": timezone.now()}
        free = Review.objects.filter(pk=review.pk, state=ReviewState.DRAFT)
        if not free.update(**fields) and not _is_with(review, user):
            raise NotAllowed(_whose(review))
        review.refresh_from_db()
    return review


def give_back(attempt_id: int, user: User) -> None:
    """Let others take what `user` has. Raises NotAllowed."""
    _decide(attempt_id, user, ReviewState.DRAFT, lambda attempt: {"reviewer": None, "taken_at": None})


def hand_over(attempt_id: int, to: User) -> None:
    """Give an attempt that is not decided to `to`, whoever has it now. Raises NotAllowed."""
    with transaction.atomic():
        attempt = _locked(attempt_id)
        review, _ = Review.objects.get_or_create(attempt=attempt)
        if review.state not in (ReviewState.DRAFT, ReviewState.IN_REVIEW):
            raise NotAllowed(_whose(review))
        Review.objects.filter(pk=review.pk).update(state=ReviewState.IN_REVIEW, reviewer=to, taken_at=timezone.now())


def comment(attempt_id: int, user: User, passage: str, text: str) -> ReviewComment:
    """Say something of a passage, named by its words, which stand once in the text. Raises NotAllowed."""
    _check_words(text, "comment")
    with transaction.atomic():
        attempt = _locked(attempt_id)
        review = _held(attempt, user)
        start = _place_of(passage, attempt.text)
        return ReviewComment.objects.create(
            review=review, start=start, end=start + len(passage), text=text, by=user, at=timezone.now()
        )


_OUTDATED = (
    "It rests on outdated versions of these playbooks: {}. Send it back; a new version rests on the current ones."
)


def approve(attempt_id: int, user: User, seen: str) -> None:
    """Approve what `user` has and saw: `seen` is the SHA-256 of the text on their page. Raises NotAllowed, NoKey."""

    def badge(attempt: Attempt) -> dict[str, Any]:
        if attempt.sha256 != seen or digest(attempt.text.encode()) != seen:
            raise NotAllowed("The text has changed since you read it. Read it again, then approve it.")
        if attempt.status != AttemptStatus.COMPLETE:
            raise NotAllowed("Incomplete advice can't be approved: send it back, or edit it as a new version.")
        at = _database_time()
        statement = statement_of(advice_of(attempt), name_of(user), at.isoformat())
        if outdated := outdated_playbooks(statement):
            raise NotAllowed(_OUTDATED.format(", ".join(outdated)))
        return {
            "decided_at": at,
            "reviewed_by": name_of(user),
            "statement": statement,
            "sha256": digest(canonical(statement)),
            "signature": sign(statement, signing_key()),
        }

    _decide(attempt_id, user, ReviewState.APPROVED, badge)


def send_back(attempt_id: int, user: User, reasons: str) -> None:
    """Send back what `user` has, with reasons that the founder reads. Raises NotAllowed."""
    _check_words(reasons, "reason")
    fields = {"decided_at": Now(), "reviewed_by": name_of(user), "reasons": reasons}
    _decide(attempt_id, user, ReviewState.SENT_BACK, lambda attempt: fields)


def withdraw(attempt_id: int, user: User, reasons: str) -> None:
    """Take an approval back, whoever gave it, with reasons that the founder reads. Raises NotAllowed."""
    _check_words(reasons, "reason")
    with transaction.atomic():
        attempt = _locked(attempt_id)
        approved = Review.objects.filter(attempt=attempt, state=ReviewState.APPROVED)
        fields = {"decided_at": Now(), "reviewed_by": name_of(user), "reasons": reasons}
        if not approved.update(state=ReviewState.SENT_BACK, **fields):
            raise NotAllowed("This advice is not approved, so there is nothing to withdraw.")


def mark_edited(attempt: Attempt, user: User, edited: Attempt) -> None:
    """Of a locked matter: `user` has written `edited` in the place of `attempt`, and has the new one in review."""
    now = timezone.now()
    held = Review.objects.filter(attempt=attempt, state=ReviewState.IN_REVIEW, reviewer=user)
    if not held.update(state=ReviewState.EDITED, decided_at=now, reviewed_by=name_of(user)):
        raise NotAllowed("You do not have this advice in review.")
    Review.objects.create(attempt=edited, state=ReviewState.IN_REVIEW, reviewer=user, taken_at=now)


def _database_time() -> datetime:
    """By which it is told whether the founder has looked since."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def _decide(attempt_id: int, user: User, to: ReviewState, fields: Callable[[Attempt], dict[str, Any]]) -> None:
    """Take a review that `user` has to `to`. Raises NotAllowed."""
    with transaction.atomic():
        attempt = _locked(attempt_id)
        review = _held(attempt, user)
        held = Review.objects.filter(pk=review.pk, state=ReviewState.IN_REVIEW, reviewer=user)
        if not held.update(state=to, **fields(attempt)):
            raise NotAllowed("The review has just changed; look again.")


def _locked(attempt_id: int) -> Attempt:
    """An attempt that stands, its matter's row locked. Raises NotAllowed, Attempt.DoesNotExist."""
    lock_kept_matter(Attempt.objects.values_list("matter_id", flat=True).get(pk=attempt_id))
    attempt = Attempt.objects.select_related("matter").get(pk=attempt_id)
    if attempt.status not in STANDS:
        raise NotAllowed("Only advice that stands can be reviewed.")
    return attempt


def _held(attempt: Attempt, user: User) -> Review:
    review = Review.objects.select_related("reviewer").filter(attempt=attempt).first()
    if review is None or review.state == ReviewState.DRAFT:
        raise NotAllowed("Take this advice first: nobody has it in review.")
    if not _is_with(review, user):
        raise NotAllowed(_whose(review))
    return review


def _is_with(review: Review, user: User) -> bool:
    return Review.objects.filter(pk=review.pk, state=ReviewState.IN_REVIEW, reviewer=user).exists()


def _whose(review: Review) -> str:
    review.refresh_from_db()
    who = review.reviewed_by or (name_of(review.reviewer) if review.reviewer else "somebody who is gone")
    return f"This advice is {review.get_state_display()}, by {who}."


def _check_words(words: str, kind: str) -> None:
    if not words.strip():
        raise NotAllowed(f"Write a {kind} first: it is empty.")
    if len(words) > MOST_CHARACTERS:
        raise NotAllowed(f"A {kind} can have at most {MOST_CHARACTERS:,} characters; this one has {len(words):,}.")


def _place_of(passage: str, text: str) -> int:
    """Where `passage` begins in `text`, in code points. Raises NotAllowed where that is not one place."""
    found = text.count(passage) if passage.strip() else 0
    if found != 1:
        many = f"appear {found} times in the text: copy more of them" if found else "are not in the text"
        raise NotAllowed(f"These words {many}. Copy the passage from the text on this page.")
    return text.index(passage)
