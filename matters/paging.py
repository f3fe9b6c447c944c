"""Pages of a list that grows at its head: newest first, from a cursor that says where the last page ended."""

import base64
import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from companies.problems import invalid

Row = TypeVar("Row", bound=Model)


def page_of(rows: QuerySet[Row], cursor: str, limit: int, by: str = "submitted_at") -> tuple[list[Row], str | None]:
    """At most `limit` rows behind `cursor` ("": from the newest), and the next page's cursor. Raises Problem.

    `by` names the field that holds a row's time; it is not null in any of `rows`.
    """
    if cursor:
        at, pk = _decode(cursor, rows.model)
        rows = rows.filter(Q(**{f"{by}__lt": at}) | Q(**{by: at, "pk__lt": pk}))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    return found[:limit], _encode(found[limit - 1], by) if len(found) > limit else None


def _encode(row: Model, by: str) -> str:
    place = f"{getattr(row, by).isoformat()} {row.pk}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decode(cursor: str, model: type[Model]) -> tuple[datetime.datetime, Any]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode()
        at, pk = text.split(" ")
        when = datetime.datetime.fromisoformat(at)
        if when.utcoffset() != datetime.timedelta(0):
            raise ValueError(cursor)
        return when, model._meta.pk.to_python(pk)  # noqa: SLF001 # Django documents it
    except (ValueError, ValidationError):
        raise invalid("cursor", "Give the `next` of the page before, or nothing.") from None
