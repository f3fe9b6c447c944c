"""A fact is written once, and goes into the company's ledger where later matters may need it."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from companies.models import Company, Membership, User
from matters.facts.settling import Choice, settle_fact
from matters.facts.storing import NewFact, disputed_entries, store_fact, subject_of
from matters.models import CompanyFact, CompanyFactEntry, Fact, FactStatus, Matter, Question
from matters.states import About
from tests.disputes import asked, facts_pass, say

pytestmark = pytest.mark.django_db
PERSON = "rippling:w-1"


def stored(question: Question) -> tuple[str | None, str, str]:
    fact = Fact.objects.get(question=question)
    return fact.value, fact.source, fact.status


def line_of(company: Company) -> CompanyFact:
    return CompanyFact.objects.get(company=company)


def in_dispute(company: Company) -> list[tuple[str, str]]:
    return [(entry.source, entry.value) for entry in disputed_entries(line_of(company))]


def history(line: CompanyFact) -> list[tuple[str, str]]:
    return list(line.entries.values_list("source", "value"))


def test_a_fact_of_the_company_is_in_its_matter_and_in_the_ledger(company: Company) -> None:
    question = asked(company)
    fact = say(question, "12", record_id="r-1", as_of=date(2026, 11, 3))
    line = line_of(company)
    assert (fact.pk, stored(question)) == (Fact.objects.get().pk, ("12", "founder", "known"))
    assert (line.key, line.subject, line.value, line.source, line.record_id) == (
        "headcount", "", "12", "founder", "r-1",
    )  # fmt: skip
    assert (line.as_of, line.stale_at - line.gathered_at) == (date(2026, 11, 3), timedelta(days=7))
    entry = line.entries.get()
    assert (entry.pk, entry.value, entry.matter) == (line.current_entry, "12", question.matter)


def test_what_was_computed_for_another_day_is_of_its_matter_alone_and_disputes_nothing(company: Company) -> None:
    earlier, today, again = (asked(company, about=About.PERSON, key="age_40_plus", kind="yes_no") for _ in range(3))
    say(earlier, "no", "rippling", subject=PERSON, as_of=date(2020, 6, 14), is_standing=False)
    assert (stored(earlier), CompanyFact.objects.count()) == (("no", "rippling", "known"), 0)
    say(today, "yes", subject=PERSON)
    assert stored(today) == ("yes", "founder", "known")
    say(again, "no", "rippling", subject=PERSON, as_of=date(2020, 6, 14), is_standing=False)
    assert (stored(again), line_of(company).value) == (("no", "rippling", "known"), "yes")


def test_what_somebody_said_is_kept_when_their_account_is_deleted_before_it_is_stored(
    company: Company, founder: User
) -> None:
    question, by = asked(company), founder.pk
    Membership.objects.all().delete()
    founder.delete()
    store_fact(question.matter, question, NewFact(question.key, "12", None, None, "", "founder"), by)
    connection.check_constraints()  # as the commit would
    assert line_of(company).entries.get().by is None
    assert stored(question)[0] == "12"


@pytest.mark.parametrize(
    ("about", "subject", "kept"),
    [
        (About.MATTER, PERSON, None),
        (About.PERSON, "", None),
        (About.PERSON, PERSON, PERSON),
        (About.COMPANY, PERSON, ""),
    ],
)
def test_only_what_lasts_and_whose_subject_is_known_enters_the_ledger(
    company: Company, about: str, subject: str, kept: str | None
) -> None:
    say(asked(company, about), "12", subject=subject)
    assert list(CompanyFact.objects.values_list("subject", flat=True)) == ([] if kept is None else [kept])


@pytest.mark.parametrize("status", [FactStatus.UNVERIFIED, FactStatus.MISSING, FactStatus.REDACTED])
def test_what_is_not_known_does_not_enter_the_ledger(company: Company, status: FactStatus) -> None:
    say(asked(company), None, status=status)
    assert not CompanyFact.objects.exists()


def test_a_later_value_of_the_same_source_is_a_change_and_the_old_one_is_kept(company: Company) -> None:
    for value in ("12", "14"):
        say(asked(company), value, "rippling")
    line = line_of(company)
    assert (line.value, line.status, history(line)) == ("14", "known", [("rippling", "12"), ("rippling", "14")])
    assert not Fact.objects.filter(status=FactStatus.DISPUTED).exists()


def test_two_sources_that_agree_make_it_fresh_again(company: Company) -> None:
    say(asked(company), "12")
    facts_pass(5)
    before = line_of(company).stale_at
    say(asked(company), "12.0", "rippling")
    line = line_of(company)
    assert (line.status, line.source) == ("known", "rippling")
    assert line.stale_at > before


def test_two_sources_that_disagree_dispute_it_and_both_values_are_kept(company: Company) -> None:
    say(asked(company), "12")
    question = asked(company)
    fact = say(question, "14", "rippling")
    line = line_of(company)
    assert stored(question) == (None, "rippling", "disputed")
    assert fact.company_fact == line
    assert (line.status, history(line)) == ("disputed", [("founder", "12"), ("rippling", "14")])


def test_whoever_once_agreed_with_another_source_contradicts_it_all_the_same(company: Company) -> None:
    say(asked(company), "12", "document", record_id="d-1")
    say(asked(company), "12")
    question = asked(company)
    say(question, "14")
    assert stored(question)[2] == "disputed", "the document still says 12"
    assert in_dispute(company) == [("document", "12"), ("founder", "14")]
    say(asked(company), "15", "rippling")
    assert in_dispute(company) == [("document", "12"), ("founder", "14"), ("rippling", "15")]


def test_a_dispute_has_what_every_source_says_that_still_counts(company: Company) -> None:
    say(asked(company), "11", "carta")
    facts_pass(8)
    say(asked(company), "12", "document", record_id="d-1")
    say(asked(company), "12", "rippling")
    say(asked(company), "12")
    say(asked(company), "15", "document", record_id="d-2")
    assert in_dispute(company) == [("document", "12"), ("rippling", "12"), ("founder", "12"), ("document", "15")]


def test_a_value_that_was_given_for_another_kind_contradicts_nobody(company: Company) -> None:
    say(asked(company, kind="text"), "about a dozen")
    say(asked(company), "12", "rippling")
    question = asked(company)
    say(question, "13", "rippling")
    assert stored(question) == ("13", "rippling", "known")


def test_whoever_comes_while_it_is_disputed_waits_with_the_others(company: Company) -> None:
    say(asked(company), "12")
    say(asked(company), "14", "rippling")
    question = asked(company)
    say(question, "12")
    assert stored(question)[2] == "disputed"


def test_an_old_value_disputes_nothing(company: Company) -> None:
    say(asked(company), "12")
    facts_pass(8)
    question = asked(company)
    say(question, "14", "rippling")
    assert stored(question) == ("14", "rippling", "known")
    assert line_of(company).status == "known"


def test_a_dispute_whose_values_are_old_disputes_nothing_new(company: Company) -> None:
    say(asked(company), "12")
    waiting = asked(company)
    say(waiting, "14", "rippling")
    facts_pass(8)
    question = asked(company)
    say(question, "20")
    assert stored(question) == ("20", "founder", "known"), "it waits for what nobody says any more"
    assert line_of(company).status == "disputed", "what another matter waits for can't be settled any more"
    agreed, differs = asked(company), asked(company)
    say(agreed, "20", "rippling")
    assert stored(agreed) == ("20", "rippling", "known"), "all that is fresh says the same"
    say(differs, "21", "carta")
    assert stored(differs)[2] == "disputed", "another source has just said 20"
    settle_fact(line_of(company).pk, Choice(None, "21"), None)
    assert [stored(each)[0] for each in (waiting, differs)] == ["21", "21"], "somebody waits for ever"


def test_a_dispute_that_nobody_waits_for_any_more_ends_with_what_is_said_next(company: Company) -> None:
    say(asked(company), "12")
    waiting = asked(company)
    say(waiting, "14", "rippling")
    Fact.objects.filter(question=waiting).update(company_fact=None)  # its matter's content was removed
    facts_pass(8)
    say(asked(company), "20")
    line = line_of(company)
    assert (line.status, line.value) == ("known", "20")


def test_two_companies_and_two_people_have_nothing_to_do_with_each_other(company: Company) -> None:
    other = Company.objects.create(name="Other", slug="other")
    say(asked(company), "12")
    say(asked(other), "14", "rippling")
    say(asked(company, About.PERSON), "1", subject=PERSON)
    say(asked(company, About.PERSON), "2", "carta", subject="rippling:w-2")
    assert set(CompanyFact.objects.values_list("status", flat=True)) == {"known"}


@pytest.mark.parametrize("about", About)
def test_a_second_source_in_the_same_matter_disputes_whatever_it_is_about(company: Company, about: str) -> None:
    question = asked(company, about)
    say(question, "12", subject="")
    say(question, "14", "document", record_id="d-1")
    line = line_of(company)
    assert (stored(question)[2], line.status) == ("disputed", "disputed")
    assert history(line) == [("founder", "12"), ("document", "14")]
    assert (line.matter == question.matter) == (about != About.COMPANY)


def test_two_documents_are_two_sources(company: Company) -> None:
    question = asked(company, About.MATTER)
    say(question, "12", "document", record_id="d-1")
    say(question, "12", "document", record_id="d-2")
    assert stored(question)[2] == "known"
    say(question, "14", "document", record_id="d-2")
    assert stored(question) == ("14", "document", "known"), "read anew, the same document may say better"
    say(question, "15", "document", record_id="d-1")
    assert stored(question)[2] == "disputed"


def test_what_nobody_knew_is_filled_and_what_is_known_is_not_emptied(company: Company) -> None:
    question = asked(company)
    say(question, None, "rippling", status=FactStatus.REDACTED)
    say(question, None, status=FactStatus.MISSING)
    assert stored(question) == (None, "founder", "missing")
    say(question, "12", "document")
    say(question, None, "carta", status=FactStatus.REDACTED)
    assert stored(question) == ("12", "document", "known")
    assert Fact.objects.count() == 1


def test_a_value_that_was_given_is_never_changed_not_even_by_raw_sql(company: Company) -> None:
    say(asked(company), "12")
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE matters_companyfactentry SET value = '13'")
    Matter.objects.all().delete()
    assert CompanyFactEntry.objects.get().matter is None, "it outlives the matter that it was gathered for"


def test_the_person_of_a_matter_is_known_by_its_facts(company: Company) -> None:
    question = asked(company, About.PERSON)
    assert subject_of(question.matter, About.PERSON) == ""
    say(question, "12", "rippling", subject=PERSON)
    assert subject_of(question.matter, About.PERSON) == PERSON
    assert subject_of(question.matter, About.COMPANY) == ""


def test_a_value_in_other_words_is_the_same_for_whoever_comes_first_and_later(company: Company) -> None:
    ways = ("California", "CA")
    say(asked(company, kind="text"), "CA", also=ways)
    agreed = asked(company, kind="text")
    say(agreed, "California", "rippling", also=ways)
    assert (stored(agreed), line_of(company).status) == (("California", "rippling", "known"), "known")
    say(asked(company, kind="text"), "CA", also=ways)
    assert line_of(company).status == "known"
    say(asked(company, kind="text"), "Nevada", "rippling", also=("Nevada", "NV"))
    assert line_of(company).status == "disputed"
