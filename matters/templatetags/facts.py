"""Values of facts as a person writes them."""

import re
from contextlib import suppress
from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format

from companies.models import User
from matters.facts.showing import days_since

register = template.Library()


@register.filter
def readable(value: object) -> str:
    """A day in words, and a plain number of five digits or more in groups of three; anything else as it is."""
    text = "" if value is None else str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return day(text)
    number = re.fullmatch(r"(-?)(\d{5,})(\.\d+)?", text)
    return f"{number[1]}{int(number[2]):,}{number[3] or ''}" if number else text


@register.filter
def day(when: str) -> str:
    """A day of a JSON document, as `2 May 2024`; what is no day as it is."""
    with suppress(ValueError):
        return date_format(date.fromisoformat(when), "j M Y")
    return when


@register.filter
def said_by(source: str, person: User | None = None) -> str:
    """Who says it, as the beginning of a sentence. `person`: who it was of the company, where that is known."""
    if source == "founder":
        return person.email if person else "The company"
    return "A document" if source == "document" else source.capitalize()


@register.filter
def called_in(record_id: str, documents: dict[str, str]) -> str:
    """Name and place of the document that a value stands in; empty where it is in none, or that is not kept."""
    return documents.get(record_id, "")


@register.filter
def age(when: date | datetime) -> str:
    """How long ago a day or moment was, in words."""
    days = days_since(when)
    if isinstance(when, date) and not isinstance(when, datetime) and when > timezone.now().date():
        return "still to come"
    return {0: "today", 1: "1 day ago"}.get(days, f"{days} days ago")


@register.filter
def title_of(key: str) -> str:
    """A fact's key as a heading."""
    return key.replace("_", " ").capitalize()


@register.filter
def repeats(statement: str, value: str | None) -> bool:
    """Whether a statement says nothing but the value."""
    return statement.rstrip(".") == (value or "").rstrip(".")
