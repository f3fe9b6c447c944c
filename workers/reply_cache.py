"""Replies to exactly what was asked before: same company, model, messages and schema, within `LLM_CACHE_SECONDS`.

Only of the steps before the advice, and only of a matter's first version: whoever asks for a new version wants to see
something new. Only replies that satisfied their schema are kept.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from matters.models import CachedReply
from workers.claims import Claim
from workers.prompts.blocks import scrub
from workers.steps.base import LLMRequest, R, ReplyInvalid, parse_reply

_FIND = """
SELECT text FROM matters_cachedreply
 WHERE company_id = %(company)s AND sha256 = %(sha256)s AND expires_at > statement_timestamp()
"""
# A part of the statement that stores calls (workers/calls.py); there is one reply at most.
KEEP_REPLIES = """
    INSERT INTO matters_cachedreply (company_id, matter_id, sha256, text, expires_at)
    SELECT company, matter, sha256, text, statement_timestamp() + make_interval(secs => seconds)
      FROM json_to_recordset(%(replies)s::json) AS r (company uuid, matter uuid, sha256 text, text text, seconds float)
    ON CONFLICT (company_id, sha256)
    DO UPDATE SET text = excluded.text, matter_id = excluded.matter_id, expires_at = excluded.expires_at
"""


def find_reply(claim: Claim, company: UUID, model: str, request: LLMRequest[R]) -> tuple[str, R] | None:
    """An earlier reply to `request`, as text and as its type, if there is one that may be used."""
    if not _is_used(claim):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"company": company, "sha256": _name(model, request)})
        row = cursor.fetchone()
    try:
        return (row[0], parse_reply(request, row[0])) if row else None
    except ReplyInvalid:  # it satisfied an older release of the product
        return None


@dataclass(frozen=True)
class KeptReply:
    """The `text` of a reply that satisfied its schema, to be stored with the outcome of the step that asked for it."""

    company: UUID
    matter: UUID
    sha256: str
    text: str

    def as_row(self) -> dict[str, Any]:
        """What `KEEP_REPLIES` stores."""
        ids = {"company": str(self.company), "matter": str(self.matter)}
        return vars(self) | ids | {"seconds": settings.LLM_CACHE_SECONDS}


def reply_to_keep(claim: Claim, company: UUID, model: str, request: LLMRequest[Any], text: str) -> KeptReply | None:
    """What is to be stored of a reply; None where it may not be used again."""
    return KeptReply(company, claim.matter_id, _name(model, request), scrub(text)) if _is_used(claim) else None


def forget_expired_replies() -> int:
    """Remove what may not be used any more; returns how many."""
    return CachedReply.objects.filter(expires_at__lte=Now()).delete()[0]


def _is_used(claim: Claim) -> bool:
    return settings.LLM_CACHE_SECONDS > 0 and claim.version == 1


def _name(model: str, request: LLMRequest[Any]) -> str:
    """Another server may have another model of the same name."""
    asked = (settings.OPENAI_BASE_URL, model, request.prompt_text, request.schema_name, request.schema_text)
    return hashlib.sha256("\0".join(asked).encode("utf-8", "surrogatepass")).hexdigest()
