"""`Idempotency-Key`: the same key and body get the same answer for 24 hours, and one matter."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from companies.models import Company
from companies.problems import Problem, invalid
from matters.models import IdempotencyRecord

LIFETIME = timedelta(hours=24)
KEY_LIMIT = 255


def check_key(key: str | None) -> None:
    """Raises Problem for a key that can't be kept: printable ASCII, 1 to 255 characters."""
    if key is not None and not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", f"Give 1 to {KEY_LIMIT} printable ASCII characters.")


def answered_once(company: Company, key: str | None, body: Any, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `do` answers to `body`, in one transaction; what it answered before where `key` was given then, too.

    Raises Problem as `earlier_answer` does.
    """
    with transaction.atomic():
        if key is None:
            return do()
        if record := earlier_answer(company, key, body):
            earlier: dict[str, Any] = record.body
            return earlier
        answer = do()
        IdempotencyRecord.objects.create(company=company, key=key, body_sha256=sha256_of(body), status=202, body=answer)
        return answer


def was_answered(company: Company, key: str | None) -> bool:
    """Whether `answered_once` knows the key already, so that nothing new is to be checked. Holds nothing."""
    return key is not None and _records(company, key).filter(created_at__gte=Now() - LIFETIME).exists()


def earlier_answer(company: Company, key: str, body: Any) -> IdempotencyRecord | None:
    """What the key was answered before. Holds the key until the transaction ends.

    Raises Problem: 409 while another request with the key is in flight, 422 when it came with another body.
    """
    with connection.cursor() as cursor:
        # "key" in front: a key may be any words, also those by which `matters.dedupe` locks.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{company.pk} key {key}"])
        row = cursor.fetchone()
    if not (row and row[0]):
        detail = "A request with this Idempotency-Key is in flight; ask again when it is answered."
        raise Problem(409, detail, headers={"Retry-After": "1"})
    records = _records(company, key)
    records.filter(created_at__lt=Now() - LIFETIME).delete()
    record = records.first()
    if record is not None and record.body_sha256 != sha256_of(body):
        raise Problem(422, "This Idempotency-Key was used with another body. Take a new key for a new request.")
    return record


def _records(company: Company, key: str) -> QuerySet[IdempotencyRecord]:
    return IdempotencyRecord.objects.filter(company=company, key=key)


def sha256_of(body: Any) -> str:
    """Of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
