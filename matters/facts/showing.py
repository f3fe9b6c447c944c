"""A company's ledger of facts, as the API and the pages show it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from matters.facts.storing import counts, disputed_entries, record_of
from matters.models import CompanyFact, CompanyFactEntry, Matter, Question
from matters.states import About


def facts_of(companies: Sequence[UUID]) -> QuerySet[CompanyFact]:
    """The ledger of these companies: what concerns one matter alone is on it while it is in dispute."""
    listed = Q(matter=None) | Q(status=CompanyFact.Status.DISPUTED)
    return CompanyFact.objects.filter(listed, company__in=companies)


def days_since(when: date | datetime) -> int:
    """Whole days from `when` until now, or today; 0 for what is to come."""
    if isinstance(when, datetime):
        return max(0, (timezone.now() - when).days)
    return max(0, (timezone.now().date() - when).days)


def about_of(line: CompanyFact) -> About:
    """Whom the fact concerns."""
    if line.matter_id is not None:
        return About.MATTER
    return About.PERSON if line.subject else About.COMPANY


def names_of(company: UUID, subjects: Collection[str]) -> dict[str, str]:
    """What the people whom `subjects` of the company's facts name are called, as far as a kept matter still says so."""
    ids = {subject.removeprefix("rippling:") for subject in subjects if subject.startswith("rippling:")}
    kept = Matter.objects.filter(company=company, deleted_at=None, people__rippling__id__in=ids)
    found = (told["rippling"] for told in kept.order_by("submitted_at").values_list("people", flat=True))
    return {f"rippling:{person['id']}": person["name"] for person in found if person.get("name")}


def documents_of(lines: Iterable[CompanyFact]) -> dict[str, str]:
    """What the documents are called from which values of `lines` come, each with its place: `lease.pdf, page 3`.

    By the `record_id` of the value, as far as a kept matter still says so. One query, and none for no lines.
    """
    keys = {line.pk: line.key for line in lines}
    said = CompanyFactEntry.objects.filter(fact__in=keys, source="document").order_by().values("matter")
    asked = Question.objects.filter(matter__in=said, matter__deleted_at=None, key__in=set(keys.values()))
    answers = (answer for given in asked.values_list("answers", flat=True) for answer in given)
    seen = [answer["proposal"] for answer in answers if "proposal" in answer]
    return {record_of(proposal): f"{proposal['name']}, {proposal['place']}" for proposal in seen}


def has_document(entries: Iterable[CompanyFactEntry]) -> bool:
    """Whether any of these values comes from a document, so that `documents_of` has something to say."""
    return any(entry.source == "document" for entry in entries)


def is_fresh(line: CompanyFact) -> bool:
    """Whether the fact may serve a matter now."""
    return line.status == CompanyFact.Status.KNOWN and counts(line)


def company_fact_as_json(line: CompanyFact, *, with_history: bool = False) -> dict[str, Any]:
    """An object of `GET /facts`, or of `GET /facts/{id}`; `docs/contract.md` has its fields."""
    known = line.status == CompanyFact.Status.KNOWN
    shown = {
        "id": str(line.pk),
        "subject": line.subject,
        "key": line.key,
        "about": about_of(line),
        "kind": line.kind,
        "value": line.value if known else None,
        "unit": line.unit if known else None,
        "as_of": line.as_of if known else None,
        "source": line.source,
        "record_id": line.record_id,
        "status": line.status,
        "gathered_at": line.gathered_at,
        "age_days": days_since(line.gathered_at),
        "stale_at": line.stale_at,
        "is_fresh": is_fresh(line),
        "matter": line.matter_id,
        "disputed": _entries_as_json(line, disputed_entries(line)),
    }
    if with_history:
        shown["history"] = _entries_as_json(line, line.entries.select_related("by").order_by("pk"))
    return shown


def _entries_as_json(line: CompanyFact, entries: Iterable[CompanyFactEntry]) -> list[dict[str, Any]]:
    entries = list(entries)
    documents = documents_of([line]) if has_document(entries) else {}
    return [_entry_as_json(entry, documents.get(entry.record_id, "")) for entry in entries]


def _entry_as_json(entry: CompanyFactEntry, document: str) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "how": entry.how,
        "value": entry.value,
        "unit": entry.unit,
        "as_of": entry.as_of,
        "source": entry.source,
        "record_id": entry.record_id,
        "document": document,
        "matter": entry.matter_id,
        "by": entry.by.email if entry.by else None,
        "at": entry.at,
    }
