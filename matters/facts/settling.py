"""Settling a fact about which two sources disagree: a person decides, and every matter that waits for it goes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone

from companies.models import User
from companies.postgresql.faults import is_deadlock
from matters.events import events_together, question_updated, tell_events
from matters.facts.storing import disputed_entries
from matters.facts.values import clean_value, in_words, same_value
from matters.models import CompanyFact, CompanyFactEntry, Fact, FactStatus, Matter
from matters.questions.gathering import look_whether_gathered
from matters.services import NotAllowed, lock_matter
from matters.states import ENDED

Status, How = CompanyFact.Status, CompanyFactEntry.How


@dataclass(frozen=True)
class Choice:
    """What a person decides: for one of the entries that disagree, or for a value of their own."""

    entry: int | None = None
    value: str = ""
    unit: str | None = None


class NoSuchChoice(Exception):
    """The entry is none of those that disagree."""


def settle_fact(fact_id: UUID, choice: Choice, by: User | None) -> CompanyFact:
    """Decide what a fact in dispute is, in the ledger and in every matter that has it in dispute.

    The same decision again changes nothing. Raises NotAllowed where it was decided otherwise, or nobody disagrees;
    NoSuchChoice; ValueError for a value that is not of the fact's kind; CompanyFact.DoesNotExist.
    """
    while True:
        # The matters that go on look at their other facts, too, whose lines others may hold who want this one.
        with _deadlock_begins_anew(), transaction.atomic():
            matters = [lock_matter(matter_id) for matter_id in sorted(_waiting(fact_id))]  # in one order for everybody
            line = CompanyFact.objects.select_for_update().get(pk=fact_id)
            if _waiting(fact_id) <= {matter.pk for matter in matters}:  # else one has just come: once more, with it
                return _settle(line, matters, choice, by)


@contextmanager
def _deadlock_begins_anew() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if not is_deadlock(error):
            raise


def _waiting(fact_id: UUID) -> set[UUID]:
    """The matters that have it in dispute."""
    facts = Fact.objects.filter(company_fact=fact_id, status=FactStatus.DISPUTED)
    return set(facts.order_by().values_list("matter_id", flat=True))


def _settle(line: CompanyFact, matters: Sequence[Matter], choice: Choice, by: User | None) -> CompanyFact:
    if line.status != Status.DISPUTED:
        if _is_the_settlement(line, choice):
            return line
        raise NotAllowed(_how_it_stands(line))
    entry = _entry_of(line, choice, by)
    entry.save()
    line.status, line.current_entry, line.settlement = Status.KNOWN, entry.pk, entry.pk
    for name in ("value", "unit", "as_of", "statement", "source", "record_id"):
        setattr(line, name, getattr(entry, name))
    line.gathered_at = entry.at
    line.stale_at = entry.at + timedelta(days=line.lifetime_days)
    line.save()
    for matter in matters:
        with events_together(matter.pk):
            _go_on(matter, line)
    return line


def _how_it_stands(line: CompanyFact) -> str:
    settlement = line.entries.filter(pk=line.settlement).select_related("by").first() if line.settlement else None
    if settlement is None:
        return "No sources disagree about this."
    by = f" by {settlement.by.email}" if settlement.by else ""
    return f"This was already settled differently{by}: {in_words(settlement.value, settlement.unit)}."


def _is_the_settlement(line: CompanyFact, choice: Choice) -> bool:
    settlement = line.entries.filter(pk=line.settlement).first() if line.settlement else None
    if settlement is None:
        return False
    if choice.entry is not None:
        return choice.entry == settlement.chosen
    given = clean_value(line.kind, choice.value, choice.unit, line.choices)
    return same_value(line.kind, given, (settlement.value, settlement.unit))


def _entry_of(line: CompanyFact, choice: Choice, by: User | None) -> CompanyFactEntry:
    """The decision as an entry: a chosen value as it is, or a person's own."""
    entry = CompanyFactEntry(fact=line, how=How.SETTLED, by=by, matter=line.matter, at=timezone.now())
    if choice.entry is None:
        entry.value, entry.unit = clean_value(line.kind, choice.value, choice.unit, line.choices)
        entry.source, entry.as_of = "founder", entry.at.date()
        return entry
    chosen = next((each for each in disputed_entries(line) if each.pk == choice.entry), None)
    if chosen is None:
        raise NoSuchChoice(f"{choice.entry} is not one of the values in dispute.")
    for name in ("value", "unit", "as_of", "statement", "source", "record_id"):
        setattr(entry, name, getattr(chosen, name))
    entry.chosen = chosen.pk
    return entry


def _go_on(matter: Matter, line: CompanyFact) -> None:
    """The matter's fact is known now; where it waited for nothing else, its advice begins."""
    fact = matter.facts.select_related("question").get(company_fact=line, status=FactStatus.DISPUTED)
    for name in ("value", "unit", "as_of", "statement", "source", "record_id"):
        setattr(fact, name, getattr(line, name))
    fact.status = FactStatus.KNOWN
    fact.save()
    if matter.status not in ENDED:  # an ended matter's stream has ended, too
        tell_events(matter.pk, [question_updated(fact.question, why="two sources disagreed; a person settled it")])
        look_whether_gathered(matter)
