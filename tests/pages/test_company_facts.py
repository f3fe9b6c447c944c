"""The company's facts, what is offered on a card, and settling, on the pages and without JavaScript."""

import re

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from companies.models import Company, User
from matters.facts.settling import Choice, settle_fact
from matters.models import CompanyFact, Matter, Question
from tests.disputes import asked, disputed, read_in_document, say
from tests.pages.conftest import AskQuestion
from tests.pages.test_actions import script_posts
from tests.pages.test_matter_page import html_of, url_of, without_tokens

pytestmark = pytest.mark.django_db


def page_at(page: Client, address: str) -> str:
    response = page.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def offered(company: Company, ask: AskQuestion) -> Question:
    """A question on the founder's page that is answered by a fact of the ledger."""
    say(asked(company), "12", unit="employees")
    entry = CompanyFact.objects.get().current_entry
    return ask("number", about="company", offered_id=entry)


def test_a_card_offers_what_is_known_and_one_click_answers_it(page: Client, matter: Matter, offered: Question) -> None:
    html = html_of(page, matter)
    assert re.search(r"The company said on \d+ \w+ \d{4}: <strong>12 employees</strong>", html)
    assert "today" in html
    address = f"{url_of(matter)}questions/{offered.pk}/answer/"
    assert page.post(address, {"offered": "1", "round": "1"}).status_code == 302
    offered.refresh_from_db()
    assert (offered.status, offered.answer) == ("normalising", "12 employees")
    assert "Still right" not in html_of(page, matter)


def test_a_person_is_called_by_name_where_a_matter_still_knows_it(page: Client, company: Company) -> None:
    say(asked(company), "12", unit="employees")
    Matter.objects.update(people={"rippling": {"id": "w7", "name": "Marcus Ellery"}})
    CompanyFact.objects.update(subject="rippling:w7")
    line = CompanyFact.objects.get()
    for address in ("/facts/", f"/facts/{line.pk}/"):
        assert "Marcus Ellery" in page_at(page, address), address
    Matter.objects.update(deleted_at=Now())
    assert "rippling:w7" in page_at(page, "/facts/"), "its matter was deleted, and nobody sees that"
    Matter.objects.update(deleted_at=None, people={})
    assert "rippling:w7" in page_at(page, "/facts/"), "the content of its matter was removed"


def test_what_is_offered_is_no_trap_for_the_enter_key(page: Client, matter: Matter, offered: Question) -> None:
    """The first button of a form is what Enter presses."""
    forms = re.findall(r"<form.*?</form>", html_of(page, matter))
    (own_words,) = [form for form in forms if 'name="answer"' in form]
    assert 'name="offered"' not in own_words


def test_a_colleague_who_was_asked_is_named(page: Client, matter: Matter, ask: AskQuestion, founder: User) -> None:
    ask(assigned_to=founder)
    assert f"Asked of {founder.email}" in html_of(page, matter)


def test_a_dispute_shows_both_values_and_is_settled_by_a_button(page: Client, company: Company) -> None:
    line, matter = disputed(company)
    html = html_of(page, matter)
    assert "Two sources disagree" in html
    assert "Waiting for a conflict between facts to be settled" in html
    entries = re.findall(r'name="choose" value="(\d+)"[^>]*>\s*(\d+)\s*</button>\s*<span[^>]*>([^,]+),', html)
    assert [(value, source) for _, value, source in entries] == [("12", "The company"), ("14", "Rippling")]
    address = f"{url_of(matter)}facts/{line.pk}/settle/"
    assert script_posts(page, address, {"value": "a dozen"}) == (
        400,
        "Give a number in digits, such as 185,000 or 12.5.",
    )
    refused = page.post(address, {"value": "<dozen>"})
    assert refused.status_code == 400
    assert 'value="&lt;dozen&gt;"' in refused.content.decode()
    assert page.post(address, {}).status_code == 400
    assert page.post(address, {"choose": "999999"}).status_code == 400
    assert page.post(address, {"choose": entries[1][0]}).status_code == 302
    assert page.post(address, {"choose": entries[0][0]}).status_code == 409
    matter.refresh_from_db()
    assert matter.status == "advising"
    html = html_of(page, matter)
    assert 'name="choose"' not in html
    assert "14" in html


def test_a_value_from_a_document_says_which_and_where_for_as_long_as_that_is_kept(
    page: Client, company: Company
) -> None:
    say(asked(company), "12")
    question = asked(company)
    read_in_document(question, "14", "cap <table>.pdf")
    line, shown = CompanyFact.objects.get(), "cap &lt;table&gt;.pdf, page 3, "
    matter = html_of(page, question.matter)
    assert shown in matter, "on the matter's page the document is not named"
    here = page_at(page, f"/facts/{line.pk}/")
    assert here.count(shown) == 2, "not named beside the button and in the history"
    settle_fact(line.pk, Choice(line.entries.latest("pk").pk), None)
    assert shown in page_at(page, "/facts/"), "what was settled comes from the document"
    assert page_at(page, f"/facts/{line.pk}/").count(shown) == 3, "the value, the choice and what was chosen"
    Matter.objects.update(deleted_at=Now())
    assert shown not in page_at(page, f"/facts/{line.pk}/"), "its matter was deleted, and nobody sees that"
    Matter.objects.update(deleted_at=None)
    Question.objects.update(answers=[])
    assert "A document, " in page_at(page, "/facts/"), "the content of its matter was removed"


def test_documents_are_looked_up_once_and_only_where_a_value_is_from_one(page: Client, company: Company) -> None:
    question = asked(company, questions=2)
    matter = question.matter
    other = matter.questions.get(position=2)
    matter.questions.filter(pk=other.pk).update(
        about="company", key="offices", kind="number", lifetime_days=7, status="normalising"
    )
    other.refresh_from_db()
    for key, mine in (("headcount", question), ("offices", other)):
        say(asked(company, key=key), "12")
        say(mine, "14", "rippling", record_id=key)
    line = CompanyFact.objects.filter(status="disputed").first()
    assert line is not None
    pages = (url_of(matter), "/facts/", f"/facts/{line.pk}/")

    def lookups(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(address).status_code == 200
        return sum('SELECT "matters_question"."answers"' in query["sql"] for query in queries)

    assert [lookups(address) for address in pages] == [0, 0, 0], "no value is from a document"
    for mine in (question, other):
        read_in_document(mine, "15")
    assert lookups(url_of(matter)) == 1, "each dispute looks for itself"


def test_the_script_gets_the_parts_without_the_dispute(page: Client, company: Company) -> None:
    line, matter = disputed(company)
    status, html = script_posts(page, f"{url_of(matter)}facts/{line.pk}/settle/", {"value": "13"})
    assert (status, 'id="disputes"' in html, f'id="dispute-{line.pk}"' in html) == (200, True, False)


def test_a_dispute_of_another_matter_is_not_settled_on_this_one(page: Client, company: Company, matter: Matter) -> None:
    line, _ = disputed(company)
    assert page.post(f"{url_of(matter)}facts/{line.pk}/settle/", {"value": "13"}).status_code == 404


def test_the_facts_are_listed_with_source_age_and_freshness(page: Client, company: Company) -> None:
    assert "Nothing is known yet" in page_at(page, "/facts/")
    say(asked(company), "12", unit="employees")
    say(asked(company, key="incorporation_state", kind="text"), "<b>Delaware</b>")
    CompanyFact.objects.filter(key="headcount").update(gathered_at="2026-01-01T00:00Z", stale_at="2026-01-08T00:00Z")
    html = page_at(page, "/facts/")
    assert "Incorporation state" in html
    assert "&lt;b&gt;Delaware" in html
    assert re.search(r"Stale.*The company, 1 Jan 2026, \d+ days ago", html)
    assert "Fresh" in html
    assert 'href="/facts/"' in page_at(page, "/"), "the navigation leads there"


def test_a_fact_has_its_history_and_is_settled_on_its_page(page: Client, company: Company, founder: User) -> None:
    line, matter = disputed(company)
    here = f"/facts/{line.pk}/"
    html = page_at(page, here)
    assert html.count(f"/matters/{matter.pk}/") == 1
    assert "which is right?" in html
    assert page.post(f"{here}settle/", {"value": "x"}).status_code == 400
    assert page.post(f"{here}settle/", {"value": "13", "unit": "employees"})["Location"] == here
    assert page.post(f"{here}settle/", {"value": "14"}).status_code == 409
    html = page_at(page, here)
    assert f"settled: {founder.email}," in html
    assert re.findall(r"<strong>(\d+)", html) == ["13", "14", "12"]


def test_a_foreign_fact_is_not_found(page: Client, company: Company) -> None:
    other = Company.objects.create(name="Other", slug="other")
    line, _ = disputed(other)
    missing = page.get("/facts/00000000-0000-0000-0000-000000000001/")
    foreign = page.get(f"/facts/{line.pk}/")
    assert foreign.status_code == missing.status_code == 404
    assert without_tokens(foreign.content) == without_tokens(missing.content)
    assert page.post(f"/facts/{line.pk}/settle/", {"value": "13"}).status_code == 404
    assert "Nothing is known yet" in page_at(page, "/facts/")
