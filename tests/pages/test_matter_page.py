"""A matter's page as it is without JavaScript: whole, and saying where the matter stands."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client

from advice import render
from advice.models import AttemptStatus
from advice.render import render_fragments
from advice.services import end_attempt
from companies.models import User
from matters.models import Matter
from matters.services import fail_matter, set_waiting
from matters.states import MatterStatus, WaitingFor
from matters.waits import in_words
from tests.pages.conftest import FACT, SOURCE, AskQuestion, Write, lead_to, settle

pytestmark = pytest.mark.django_db


def url_of(matter: Matter) -> str:
    return f"/matters/{matter.pk}/"


def without_tokens(content: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", content.decode())


def html_of(page: Client, matter: Matter) -> str:
    response = page.get(url_of(matter))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_shows_a_matter_that_was_just_submitted(page: Client, matter: Matter) -> None:
    html = html_of(page, matter)
    assert "May we let our CTO go?" in html
    assert "Waiting for a free worker" in html
    assert f"/ws/matters/{matter.pk}/" in html, "a matter that goes on must be followed"


def test_it_counts_the_questions_that_are_settled(page: Client, matter: Matter, ask: AskQuestion) -> None:
    settle(ask(), "California")
    ask()
    html = html_of(page, matter)
    assert "1 of 2 questions settled" in html
    assert "One question to answer" in html
    assert "California" in html, "the settled fact is shown with its value"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("text", {}, '<textarea name="answer"'),
        ("yes_no", {}, 'type="radio" name="answer" value="yes"'),
        ("date", {}, 'type="date" name="answer"'),
        ("money", {}, 'name="currency"'),
        ("number", {}, 'inputmode="decimal" name="answer"'),
        ("choice", {"choices": ["with cause", "without"]}, 'type="radio" name="answer" value="with cause"'),
        ("choice", {"choices": list("abcdef")}, '<select name="answer"'),
        ("choice", {}, '<textarea name="answer"'),
    ],
)
def test_a_card_has_the_input_of_its_kind(
    page: Client, matter: Matter, ask: AskQuestion, kind: str, fields: dict[str, object], expected: str
) -> None:
    ask(kind, **fields)
    html = html_of(page, matter)
    assert expected in html
    assert "The deadline depends on it." in html
    assert "I don't know" in html or "I don&#x27;t know" in html


def test_a_card_of_a_second_round_says_what_was_wrong_with_the_first(
    page: Client, matter: Matter, ask: AskQuestion
) -> None:
    ask("date", round=2, problem="A year is missing.", answers=[{"round": 1, "answer": "in March", "by": None}])
    html = html_of(page, matter)
    assert "A year is missing." in html
    assert "in March" in html


def test_a_streaming_advice_is_shown_as_far_as_it_is(page: Client, matter: Matter, write: Write) -> None:
    write("# What to do\n\nPay **at once** [P1]", status=None)
    html = html_of(page, matter)
    assert "<strong>at once</strong>" in html
    assert 'data-cursor="' in html
    assert '"# What to do\\n\\nPay **at once** [P1]"' in html, "the script goes on from the text as it was written"


def test_a_finished_matter_opens_no_stream(page: Client, matter: Matter, write: Write) -> None:
    write("Done [P1].")
    html = html_of(page, matter)
    assert "/ws/" not in html
    assert "data-socket" not in html
    assert "advice-source" not in html


def test_a_finished_advice_has_links_to_its_sources_and_facts_and_says_what_was_checked(
    page: Client, matter: Matter, write: Write
) -> None:
    write("Pay at once [P1]. She works there [F1].", checks=[("[P1]", "exact"), ("[F1]", "unsupported")])
    html = html_of(page, matter)
    assert 'href="#source-P1"' in html
    assert 'id="source-P1"' in html
    assert 'href="#fact-F1"' in html
    assert 'id="fact-F1"' in html
    assert "quoted word for word" in html
    assert "not supported" in html
    assert "Not legal advice." in html


@pytest.mark.parametrize(
    ("status", "words"), [("incomplete", "Incomplete."), ("superseded", "Interrupted."), ("failed", "Interrupted.")]
)
def test_an_advice_that_stopped_short_says_so(
    page: Client, matter: Matter, write: Write, status: str, words: str
) -> None:
    write("Half an adv", status=status)
    assert words in html_of(page, matter)


def test_a_failed_matter_says_why_and_offers_retry(page: Client, matter: Matter) -> None:
    lead_to(matter, MatterStatus.RESEARCHING)
    fail_matter(matter, {"code": "invalid_reply", "message": "The reply was no use.", "retryable": True}, "test")
    html = html_of(page, matter)
    assert "The reply was no use." in html
    assert "invalid_reply" in html
    assert f"{url_of(matter)}retry/" in html
    assert "/ws/" not in html


def test_a_matter_that_waits_for_the_model_says_so(page: Client, matter: Matter) -> None:
    problem = {"code": "unauthorised", "message": "The model's server refused our key.", "retryable": True}
    set_waiting(matter, WaitingFor.PROVIDER, "test", problem)
    html = html_of(page, matter)
    assert "Waiting for the language model" in html
    assert "The model&#x27;s server refused our key." in html
    assert "continues on its own" in html
    assert "/ws/" in html


def test_an_earlier_version_can_be_read(page: Client, matter: Matter, write: Write) -> None:
    write("The first advice.")
    page.post(f"{url_of(matter)}regenerate/")
    matter.refresh_from_db()
    write("The second advice.")
    assert "The second advice." in html_of(page, matter)
    earlier = page.get(url_of(matter), {"version": "1"}).content.decode()
    assert "The first advice." in earlier
    assert "earlier version" in earlier
    assert "matter.js" not in earlier, "an earlier version does not change, so nothing follows it"


@pytest.mark.parametrize("version", ["7", "0", "-1", "²", "x", "9" * 40])
def test_a_version_that_does_not_exist_is_no_error_of_ours(
    page: Client, matter: Matter, write: Write, version: str
) -> None:
    write("The advice.")
    assert page.get(url_of(matter), {"version": version}).status_code in (200, 404)


def test_a_foreign_matter_answers_exactly_as_one_that_does_not_exist(page: Client, foreign_matter: Matter) -> None:
    foreign = page.get(url_of(foreign_matter))
    missing = page.get(f"/matters/{uuid.uuid4()}/")
    assert foreign.status_code == missing.status_code == 404
    assert without_tokens(foreign.content) == without_tokens(missing.content)


@pytest.mark.parametrize("action", ["stop", "retry", "regenerate", f"questions/{uuid.UUID(int=1)}/answer"])
def test_a_foreign_matter_takes_no_action(page: Client, foreign_matter: Matter, action: str) -> None:
    assert page.post(f"{url_of(foreign_matter)}{action}/").status_code == 404
    foreign_matter.refresh_from_db()
    assert foreign_matter.status == "queued"


def test_fragments_leave_out_a_text_that_streams_and_bring_the_one_that_stands(
    matter: Matter, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = write("Being written", status=None)
    with monkeypatch.context() as patched:
        patched.delattr(render, "advice_html")  # to render what is left out would fail
        assert 'id="advice-text"' not in render_fragments(matter.pk)
    end_attempt(attempt, AttemptStatus.COMPLETE)
    assert "Being written" in render_fragments(matter.pk)


@pytest.mark.parametrize("status", AttemptStatus)
def test_only_what_is_left_of_an_attempt_that_was_given_up_is_muted(
    page: Client, matter: Matter, write: Write, status: AttemptStatus
) -> None:
    write("Being written", status=None if status == AttemptStatus.STREAMING else status)
    is_muted = "given-up" in html_of(page, matter).split('id="advice-text"')[1].split(">")[0]
    assert is_muted == (status in (AttemptStatus.FAILED, AttemptStatus.SUPERSEDED))


def test_what_the_model_or_a_person_wrote_is_shown_as_text(
    page: Client, matter: Matter, ask: AskQuestion, write: Write
) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    ask(wording=attack, hint=attack, problem=attack, round=2, answers=[{"round": 1, "answer": attack, "by": None}])
    ask("choice", choices=[attack, "other"])
    settle(ask(), attack)
    shown = html_of(page, matter)
    matter.questions.exclude(status="answered").delete()
    write(attack, sources=[{**SOURCE, "heading": attack, "text": attack}], facts=[{**FACT, "value": attack}])
    for html in (shown, html_of(page, matter)):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert 'href="javascript' not in html
        assert "&lt;script&gt;alert" in html


def test_fragments_keep_the_state_of_what_did_not_change(matter: Matter, ask: AskQuestion) -> None:
    ask()
    assert render_fragments(matter.pk) == render_fragments(matter.pk)


def test_the_page_asks_only_its_own_host_for_anything(page: Client, matter: Matter, write: Write) -> None:
    write("![x](https://evil.example/x.png) and [a link](https://good.example/)")
    html = html_of(page, matter)
    assert '<img src="/static/icon.svg"' in html
    assert 'evil.example/x.png"' not in html.replace('href="https://evil.example/x.png"', "")


def test_it_says_how_long_it_takes_and_what_it_waits_for(page: Client, matter: Matter, ask: AskQuestion) -> None:
    settle(ask())
    ask()
    ask(source="rippling")
    member = User.objects.create_user("ben@acme.example", "correct horse battery")
    matter.questions.filter(position=3).update(assigned_to=member)
    html = html_of(page, matter)
    assert "Waiting for you: 1 answer · ben@acme.example: 1 answer" in html
    assert "s so far" in html
    assert "1 of 3 questions settled" in html


def test_a_matter_that_has_ended_says_how_long_it_took_and_waits_for_nothing(
    page: Client, matter: Matter, write: Write
) -> None:
    write("Done [P1].")
    html = html_of(page, matter)
    assert re.search(r"Took \d+ (s|min)", html)
    assert "Waiting for" not in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (3_600, "1 h 0 min"), (90, "1 min 30 s"), (200_000, "2 d 7 h"), (-5, "0 s")],
)
def test_a_time_is_told_in_two_units_at_most(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def test_a_long_advice_has_a_list_of_contents_that_leads_to_its_headings(
    page: Client, matter: Matter, write: Write
) -> None:
    write("# First [P1]\n\nText\n\n## `Second` & more\n\nText\n\n> # In a quote\n\n# \n\n# Last\n\nText")
    html = html_of(page, matter)
    for number, words in ((1, "First"), (2, "Second &amp; more"), (3, "In a quote"), (5, "Last")):
        assert f'<a href="#part-{number}">{words}</a>' in html
        assert re.search(rf'<h[3-6] id="part-{number}">', html)
    assert html.count('href="#part-') == 4, "a heading without words is not listed"


def test_a_text_that_grows_or_has_few_headings_has_no_contents(page: Client, matter: Matter, write: Write) -> None:
    attempt = write("# A\n\n# B\n\n# C", status=None)
    assert 'href="#part-' not in html_of(page, matter)
    end_attempt(attempt, AttemptStatus.COMPLETE)
    assert 'href="#part-1"' in html_of(page, matter)


def test_a_passage_has_no_id_of_the_advice(page: Client, matter: Matter, write: Write) -> None:
    write("# A\n\n# B\n\n# C [P1]", sources=[SOURCE | {"text": "# Within a playbook"}])
    html = html_of(page, matter)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "two elements have the same id"
