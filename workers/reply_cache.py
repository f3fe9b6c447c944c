"""Replies to exactly what was asked before: same company, model, messages and schema, within `LLM_CACHE_SECONDS`.

Only of the steps before the advice, and only of a matter's first version: whoever asks for a new version wants to see
something new. Only replies that satisfied their schema are kept.
"""

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Now

from matters.models import CachedReply
from workers.claims import Claim
from workers.prompts.blocks import scrub
from workers.steps.base import LLMRequest, R, ReplyInvalid, parse_reply

logger = logging.getLogger(__name__)


def find_reply(claim: Claim, company: UUID, model: str, request: LLMRequest[R]) -> R | None:
    """An earlier reply to `request`, if there is one that may be used."""
    if not _is_used(claim):
        return None
    fresh = CachedReply.objects.filter(company=company, expires_at__gt=Now())
    row = fresh.filter(sha256=_name(model, request)).first()
    try:
        return parse_reply(request, row.text) if row else None
    except ReplyInvalid:  # it satisfied an older release of the product
        return None


def keep_reply(claim: Claim, company: UUID, model: str, request: LLMRequest[Any], text: str) -> None:
    """Keep the `text` of a reply that satisfied its schema. A database that does not take it costs nobody the reply."""
    if not _is_used(claim):
        return
    row = CachedReply(
        company_id=company,
        sha256=_name(model, request),
        text=scrub(text),
        expires_at=Now() + timedelta(seconds=settings.LLM_CACHE_SECONDS),
    )
    try:
        CachedReply.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["company", "sha256"], update_fields=["text", "expires_at"]
        )
    except DatabaseError as error:
        logger.warning("a reply is not kept for the next time: %s", error)


def forget_expired_replies() -> int:
    """Remove what may not be used any more; returns how many."""
    return CachedReply.objects.filter(expires_at__lte=Now()).delete()[0]


def _is_used(claim: Claim) -> bool:
    return settings.LLM_CACHE_SECONDS > 0 and claim.version == 1


def _name(model: str, request: LLMRequest[Any]) -> str:
    """Another server may have another model of the same name."""
    asked = [settings.OPENAI_BASE_URL, model, request.messages, request.schema_name, request.schema]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
