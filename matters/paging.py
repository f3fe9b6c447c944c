"""Pages of a list that grows at its head: newest first, from a cursor that says where the last page ended."""

import base64
import datetime
import uuid

from django.db.models import Q, QuerySet

from companies.problems import invalid
from matters.models import Matter


def page_of(matters: QuerySet[Matter], cursor: str, limit: int) -> tuple[list[Matter], str | None]:
    """At most `limit` matters behind `cursor` ("": from the newest), and the next page's cursor. Raises Problem."""
    if cursor:
        at, pk = _decode(cursor)
        matters = matters.filter(Q(submitted_at__lt=at) | Q(submitted_at=at, pk__lt=pk))
    rows = list(matters.order_by("-submitted_at", "-pk")[: limit + 1])
    return rows[:limit], _encode(rows[limit - 1]) if len(rows) > limit else None


def _encode(matter: Matter) -> str:
    place = f"{matter.submitted_at.isoformat()} {matter.pk}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime.datetime, uuid.UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode()
        at, pk = text.split(" ")
        when = datetime.datetime.fromisoformat(at)
        if when.utcoffset() != datetime.timedelta(0):
            raise ValueError(cursor)
        return when, uuid.UUID(pk)
    except ValueError:
        raise invalid("cursor", "Give the `next` of the page before, or nothing.") from None
