"""From the bodies that Rippling sends to records."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from workers.clients.rippling.records import Worker
from workers.provider_http.paging import Page
from workers.provider_http.records import Record
from workers.provider_http.values import read_date, read_text

Kind = TypeVar("Kind", bound=Record)
NO_REASON = "no reason given"
LONGEST_REASON = 200
OURS = ("redacted", "unreadable")  # no provider says these


def read_page(kind: type[Kind], body: Any, as_of: date) -> Page[Kind]:
    """A page of a list. Raises ValueError."""
    if not isinstance(body, Mapping) or not isinstance(results := body.get("results"), list):
        raise ValueError("no list of results")
    redacted = _redactions(body)
    records = [read_record(kind, result, as_of, redacted) for result in results]
    items = tuple((getattr(record, "id", None), record) for record in records)
    following = body.get("next_link")
    if following is not None and not isinstance(following, str):
        raise ValueError("no link")
    return Page(items, following or None)


def read_record(kind: type[Kind], body: Any, as_of: date, of_list: Mapping[str, str] | None = None) -> Kind:
    """One record. What the list it stands in holds back, it holds back, too. Raises ValueError."""
    if not isinstance(body, Mapping):
        raise ValueError("no record")
    redacted = {**(of_list or {}), **_redactions(body)}
    if "date_of_birth" in redacted:
        redacted["age_40_plus"] = redacted["date_of_birth"]
    told = _told(body, redacted)
    return kind.model_validate(_with_age(told, as_of) if kind is Worker else told)


def _told(body: Mapping[str, Any], redacted: Mapping[str, str]) -> dict[str, Any]:
    """What the provider does tell, with what it holds back beside it, also in the parts (`user.name`)."""
    told: dict[str, Any] = {"redacted": redacted} if redacted else {}
    for name, value in body.items():
        if name in redacted or name in OURS:
            continue
        if isinstance(value, Mapping):
            inner = {of.removeprefix(f"{name}."): why for of, why in redacted.items() if of.startswith(f"{name}.")}
            value = _told(value, {**inner, **_redactions(value)})
        told[name] = value
    return told


def _redactions(body: Mapping[str, Any]) -> dict[str, str]:
    """Field and reason. The names may say that they are of a list: `results.title`."""
    meta = body.get("__meta")
    fields = meta.get("redacted_fields") if isinstance(meta, Mapping) else None
    named = [field for field in fields or () if isinstance(field, Mapping) and isinstance(field.get("name"), str)]
    return {field["name"].removeprefix("results."): _reason(field.get("reason")) for field in named}


def _reason(value: Any) -> str:
    return (read_text(value[:LONGEST_REASON]) if isinstance(value, str) else None) or NO_REASON


def _with_age(told: dict[str, Any], as_of: date) -> dict[str, Any]:
    """The worker with `age_40_plus` in the birth date's place; it is unreadable where the date is."""
    birth = told.pop("date_of_birth", None)
    try:
        born = read_date(birth)
    except ValueError:
        return {**told, "unreadable": ("age_40_plus",)}
    return {**told, "age_40_plus": None if born is None else is_40_or_older(born, as_of)}


def is_40_or_older(born: date, as_of: date) -> bool:
    """Whether the 40th birthday has come on `as_of`."""
    return as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day)) >= 40
