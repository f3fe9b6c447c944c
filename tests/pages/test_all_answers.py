"""All open questions in one form, as without JavaScript: what is not taken comes back as it was typed."""

import pytest
from django.test import Client

from companies.models import User
from matters.models import Matter, Question
from matters.questions.answering import answer_question
from matters.states import QuestionStatus
from tests.pages.conftest import AskQuestion

pytestmark = pytest.mark.django_db


def url_of(matter: Matter) -> str:
    return f"/matters/{matter.pk}/answers/"


def sent(question: Question, **fields: str) -> dict[str, str]:
    """What a browser sends of one question."""
    return {f"{question.pk}-{name}": value for name, value in ({"round": str(question.round)} | fields).items()}


def said(question: Question) -> list[str | None]:
    question.refresh_from_db()
    return [answer["answer"] for answer in question.answers]


def test_the_matter_leads_to_it_where_there_is_no_script(page: Client, matter: Matter, ask: AskQuestion) -> None:
    ask()
    assert url_of(matter) not in page.get(f"/matters/{matter.pk}/").content.decode(), "one card can't empty another"
    ask()
    _, _, without_script = page.get(f"/matters/{matter.pk}/").content.decode().partition("<noscript>")
    assert url_of(matter) in without_script.partition("</noscript>")[0]


def test_every_open_question_stands_there_with_the_input_of_its_kind(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    kinds = {"text": "<textarea", "yes_no": 'type="radio"', "date": 'type="date"', "money": 'inputmode="decimal"'}
    questions = {kind: ask(kind) for kind in kinds}
    html = " ".join(page.get(url_of(matter)).content.decode().split())
    assert html.partition("<main")[2].partition("</main>")[0].count("<form") == 1
    for kind, question in questions.items():
        before = html[: html.index(f'name="{question.pk}-answer"')]
        assert kinds[kind] in before[before.rindex("<") - 1 :]
        assert f'name="{question.pk}-unknown"' in html


def test_the_period_of_an_amount_stands_beside_its_field_and_is_kept_with_it(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    question, once = ask("money", wording="What is the executive's annual base salary?"), ask("money")
    for address in (url_of(matter), f"/matters/{matter.pk}/"):
        html = page.get(address).content.decode()
        assert f'<span id="period-{question.pk}">per year</span>' in html, "a monthly figure would not be noticed"
        assert f'aria-labelledby="ask-{question.pk} period-{question.pk}"' in html
        assert f"period-{once.pk}" not in html
    page.post(url_of(matter), sent(question, answer="300,000"))
    assert said(question) == ["300000 USD per year"]


def test_all_are_saved_at_once_and_what_was_left_empty_stays_open(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    words, unknown, own_words, empty = ask(), ask("yes_no"), ask("date"), ask()
    data = sent(words, answer="In Oakland.") | sent(unknown, unknown="1", answer="yes") | sent(empty, answer=" ")
    response = page.post(url_of(matter), data | sent(own_words, words="early in spring"))
    assert response["Location"] == f"/matters/{matter.pk}/"
    assert [said(each) for each in (words, unknown, own_words, empty)] == [
        ["In Oakland."],
        [None],
        ["early in spring"],
        [],
    ]
    again = page.post(url_of(matter), data)
    assert again.status_code == 302, "sent twice it changes nothing"
    assert said(words) == ["In Oakland."]


def test_what_is_refused_is_given_back_with_the_reason_and_the_rest_is_saved(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    good, bad, both = ask(), ask("money"), ask()
    data = sent(good, answer="In Oakland.") | sent(bad, answer="a lot", currency="EUR")
    response = page.post(url_of(matter), data | sent(both, answer="Perhaps three", unknown="1"))
    html = response.content.decode()
    assert response.status_code == 400
    assert said(good) == ["In Oakland."]
    assert f"{good.pk}-answer" not in html
    assert said(bad) == said(both) == []
    for words in (
        "Give a number in digits",
        'value="a lot"',
        "<option selected>EUR",
        "A box is checked",
        "Perhaps three",
    ):
        assert words in html
    assert "2 answers were not saved" in html
    assert "1 was saved" in html


def test_a_colleague_who_was_quicker_is_told_of_and_what_was_typed_is_given_back(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    question, other = ask(), ask()
    colleague = User.objects.create_user("ben@acme.example")
    answer_question(matter.pk, question.pk, "In Nevada.", by=colleague)
    data = sent(question, answer="In Texas, as I know.") | sent(other, answer="Three of us")
    html = page.post(url_of(matter), data).content.decode()
    assert "already been answered, by ben@acme.example" in html
    assert "In Texas, as I know." in html
    assert f"{question.pk}-answer" not in html, "nobody can send it once more"
    assert (said(question), said(other)) == (["In Nevada."], ["Three of us"])


def test_nothing_at_all_is_told_and_with_nothing_open_the_matter_is_shown(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    question = ask()
    response = page.post(url_of(matter), sent(question))
    assert (response.status_code, b"Nothing was answered" in response.content) == (400, True)
    answer_question(matter.pk, question.pk, None)
    assert Question.objects.get().status == QuestionStatus.NORMALISING
    assert page.get(url_of(matter))["Location"] == f"/matters/{matter.pk}/"


def test_a_foreign_matter_is_not_found(page: Client, foreign_matter: Matter) -> None:
    assert page.get(url_of(foreign_matter)).status_code == page.post(url_of(foreign_matter)).status_code == 404
