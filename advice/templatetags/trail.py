"""How a question's answer was looked for, in templates."""

from django import template

from matters.models import Question
from matters.trail import Trail

register = template.Library()
_SHOWN = 10  # characters of a record's id in a line


@register.filter
def of(trails: dict[str, Trail], question: Question) -> Trail | None:
    """The trail of `question`; None before anything of it is done."""
    return trails.get(str(question.pk))


@register.filter
def short(record_id: str) -> str:
    """The beginning of a long id."""
    return record_id if len(record_id) <= _SHOWN else f"{record_id[: _SHOWN - 2]}…"
