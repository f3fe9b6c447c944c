"""Share links: making, ending and finding one. Of its token, 256 random bits, only the SHA-256 is kept."""

import hashlib
import secrets
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from advice.models import Attempt, AttemptStatus, ShareLink
from companies.models import User
from matters.models import Matter
from matters.services import NotAllowed, lock_kept_matter, lock_matter

DAYS = (1, 14, 90)
DEFAULT_DAYS: Literal[14] = 14
MOST_LINKS = 50  # of a matter that are good at once
TOKEN_LENGTH = 43  # characters of 32 bytes


def share_attempt(attempt: Attempt, *, days: int, facts: bool, by: User | None) -> tuple[ShareLink, str]:
    """A new link to `attempt` for `days`, and its token, which can't be had again. Raises NotAllowed."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        matter = lock_kept_matter(attempt.matter_id)
        attempt.refresh_from_db(fields=["status"])
        if attempt.status == AttemptStatus.STREAMING:
            raise NotAllowed("The advice is still being written. It can be shared once it is done.")
        if good_links().filter(attempt__matter=matter).count() >= MOST_LINKS:
            raise NotAllowed(f"There are already {MOST_LINKS} links to this matter. Revoke one first.")
        now = timezone.now()
        link = ShareLink.objects.create(
            attempt=attempt,
            sha256=_digest(token),
            facts=facts,
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return link, token


def revoke_link(link: ShareLink) -> None:
    """End a link at once; one that was ended before stays as it is."""
    with transaction.atomic():
        lock_matter(link.attempt.matter_id)
        ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=Now())


def good_links() -> QuerySet[ShareLink]:
    """The links that lead somewhere."""
    return ShareLink.objects.filter(
        revoked_at=None, expires_at__gt=Now(), attempt__matter__in=Matter.shown.filter(pruned_at=None)
    )


def links_of(matter_id: UUID) -> QuerySet[ShareLink]:
    """All links to a matter, also those that have ended."""
    return ShareLink.objects.filter(attempt__matter=matter_id).select_related("attempt", "created_by")


def open_link(token: str) -> ShareLink | None:
    """The link of `token`, counted as seen; None where there is none that is good.

    It is found by the token's hash, so how long that takes says nothing about any token. Its matter is not locked:
    strangers must not hold up who works on it.
    """
    if len(token) != TOKEN_LENGTH:
        return None
    wanted = good_links().filter(sha256=_digest(token))
    link = wanted.select_related("attempt__matter__company", "created_by").first()
    if link is not None:
        ShareLink.objects.filter(pk=link.pk).update(views=F("views") + 1, last_seen_at=Now())
    return link


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
