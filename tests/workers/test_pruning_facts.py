"""Retention of the company's facts: kept while they are fresh, and then as long as any content."""

import pytest
from pytest_django import Settings

from advice.services import cancel_matter
from companies.models import Company
from matters.facts.settling import Choice, settle_fact
from matters.models import CompanyFact, CompanyFactEntry, Event, Matter, Question
from matters.states import About, MatterStatus
from tests.disputes import asked, disputed, facts_pass, say
from tests.workers.test_pruning import CANARY, DAYS, let_pass, places_with
from workers.pruning import prune

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _days(settings: Settings) -> None:
    settings.RETENTION_DAYS = DAYS


def known(company: Company, value: str = f"{CANARY} & Sons", about: str = About.COMPANY) -> Matter:
    """A matter that is stopped, and a fact that it has found out."""
    question = asked(company, about, key=f"{CANARY}_key".lower(), kind="text", questions=2)
    subject = "" if about == About.COMPANY else f"rippling:{CANARY}"
    say(question, value, subject=subject, unit=CANARY, record_id=CANARY, statement=f"{CANARY} says so.")
    cancel_matter(question.matter_id)
    return Matter.objects.get(pk=question.matter_id)


def test_a_fact_outlives_its_matter_while_it_is_fresh_and_is_then_removed_wholly(company: Company) -> None:
    known(company)
    known(company, about=About.PERSON)
    let_pass(DAYS + 1)
    assert prune() == 2
    kept = {place.partition(".")[0] for place in places_with(CANARY)}
    assert kept == {"matters_companyfact", "matters_companyfactentry"}, "a matter's content is left"
    facts_pass(7 + DAYS - 1)
    prune()
    assert CompanyFact.objects.count() == 2
    facts_pass(2)
    prune()
    assert places_with(CANARY) == set()


def test_an_earlier_value_is_removed_though_the_newest_is_fresh(company: Company) -> None:
    known(company)
    question = Question.objects.get(position=1)
    Question.objects.filter(position=2).update(offered=CompanyFactEntry.objects.get())
    facts_pass(7 + DAYS + 1)
    known(company, "Acme")
    prune()
    assert CompanyFactEntry.objects.get().value == "Acme"
    assert CompanyFact.objects.get().value == "Acme"
    question.refresh_from_db()
    assert question.status == "answered", "the question that it answered stays"


def test_what_a_kept_matter_has_in_dispute_stays_however_old(company: Company, settings: Settings) -> None:
    line, matter = disputed(company)
    facts_pass(10 * DAYS)
    prune()
    assert [entry.value for entry in line.entries.all()] == ["12", "14"]
    settings.RETENTION_DAYS = 0
    prune()
    matter.refresh_from_db()
    assert matter.status == MatterStatus.GATHERING


def test_what_a_fact_was_settled_against_stays_as_long_as_the_settled_value_is_fresh(company: Company) -> None:
    say(asked(company), "11", "rippling")
    facts_pass(1)
    say(asked(company), "14", "rippling")
    say(asked(company), "12")
    settle_fact(CompanyFact.objects.get().pk, Choice(None, "12"), None)
    facts_pass(6)
    say(asked(company), "12")  # it is still right
    facts_pass(DAYS + 2)
    say(asked(company), "12")
    prune()
    assert "11" not in CompanyFactEntry.objects.values_list("value", flat=True), "it was settled against nothing of it"
    again = asked(company)
    assert say(again, "14", "rippling").value == "12", "what a person settled is in dispute anew"
    facts_pass(7 + DAYS + 1)
    prune()
    assert not CompanyFactEntry.objects.exists(), "it outlives the settled value"


def test_a_matter_whose_dispute_nobody_settles_is_stopped_and_then_removed_with_it(company: Company) -> None:
    line, matter = disputed(company)
    let_pass(DAYS - 1, matter)
    prune()
    assert Matter.objects.get(pk=matter.pk).status == MatterStatus.GATHERING
    let_pass(2, matter)
    prune()
    matter.refresh_from_db()
    assert (matter.status, (matter.error or {})["code"]) == (MatterStatus.CANCELED, "abandoned")
    let_pass(DAYS + 1, matter)
    facts_pass(7 + DAYS + 1)
    prune()
    prune()
    assert not CompanyFact.objects.filter(pk=line.pk).exists()
    assert Event.objects.filter(matter=matter).exists(), "its record stays"


def test_what_two_sources_said_of_one_matter_goes_with_its_content(company: Company) -> None:
    question = asked(company, About.MATTER, key="planned", kind="text", questions=2)
    say(question, f"{CANARY} one")
    say(question, f"{CANARY} two", "document", record_id=CANARY)
    assert "matters_companyfactentry.value" in places_with(CANARY)
    cancel_matter(question.matter_id)
    let_pass(DAYS + 1)
    assert prune() == 1
    assert places_with(CANARY) == set()
