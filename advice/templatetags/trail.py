"""How a question's answer was looked for, in templates."""

from typing import TypeVar

from django import template

from matters.models import Question

register = template.Library()
T = TypeVar("T")
_SHOWN = 10  # characters of a record's id in a line


@register.filter
def of(found: dict[str, T], question: Question) -> T | None:
    """What was `found` by a question's id of `question`; None where nothing was: its trail, or who answered it."""
    return found.get(str(question.pk))


@register.filter
def short(record_id: str) -> str:
    """The beginning of a long id."""
    return record_id if len(record_id) <= _SHOWN else f"{record_id[: _SHOWN - 2]}…"
