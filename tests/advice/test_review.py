"""An approval binds text, facts, sources and playbook versions: any changed byte voids it, on every way of reading."""

import json
import re
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from advice.export.contents import document_of
from advice.models import Attempt, AttemptStatus
from advice.notice import notice_for
from advice.review import desk, proving
from advice.review.badge import standing_of
from advice.review.binding import public_key_of
from advice.review.models import Review, ReviewState
from advice.review.proving import prove_approvals
from advice.services import begin_attempt
from advice.sharing.links import share_attempt
from companies.models import Company, User
from matters.going_on import regenerate_matter
from matters.models import Matter
from matters.services import NotAllowed, lock_matter
from playbooks.loading import LIBRARY, load_file
from playbooks.models import PlaybookVersion
from tests import rows
from tests.threads import at_once

pytestmark = pytest.mark.django_db
TEXT = "Pay the final wages at once [P1]. Give notice in writing [F1].\n\nPay 😀 nothing else."
FACT = {"marker": "F1", "label": "Where?", "value": "Oakland", "unit": None, "as_of": None, "source": "founder",
        "status": "known"}  # fmt: skip


Act = Callable[[Attempt, User, User], None]


@pytest.fixture
def reviewer(db: None) -> User:
    return User.objects.create_user("rita@staff.example", first_name="Rita", last_name="Reviewer", is_staff=True)


@pytest.fixture
def attempt(company: Company) -> Attempt:
    """An advice that waits for a review."""
    load_file(LIBRARY / "founder-departure.md")
    version = PlaybookVersion.objects.get(playbook__slug="founder-departure")
    source = {"marker": "P1", "playbook": "founder-departure", "title": "A", "heading": "B", "text": "C",
              "law_as_of": "2026-11-20", "version": version.content_hash}  # fmt: skip
    matter = rows.advising(company)
    with transaction.atomic():
        writing = begin_attempt(
            lock_matter(matter.pk), step_id=rows.step_of(matter).pk, epoch=1, model="m", sources=[source],
            facts=[FACT], notice=notice_for("m"),
        )  # fmt: skip
    rows.append(writing, TEXT)
    rows.advised(matter, writing)
    writing.refresh_from_db()
    return writing


def approve(attempt: Attempt, reviewer: User) -> None:
    desk.take(attempt.pk, reviewer)
    desk.approve(attempt.pk, reviewer, attempt.sha256)


def shown(page: Client, attempt: Attempt) -> dict[str, Any]:
    """The review as the API has it; the page must say the same."""
    here = f"/api/v1/matters/{attempt.matter_id}/advice"
    review: dict[str, Any] = page.get(here).json()["review"]
    html = unescape(page.get(f"/matters/{attempt.matter_id}/").content.decode())
    words = {"draft": "nobody has reviewed it", "reviewed": "Reviewed</strong> by Rita Reviewer", "stale": "Stale."}
    assert words[review["state"]] in html or review["sent_back"], f"the page does not say {review['state']}"
    assert said_beside(page, attempt) in html
    return review


def said_beside(page: Client, attempt: Attempt) -> str:
    """The notice as the API has it."""
    return str(page.get(f"/api/v1/matters/{attempt.matter_id}/advice").json()["notice"])


@pytest.fixture
def page(client: Client, founder: User) -> Client:
    client.force_login(founder)
    return client


def test_founders_see_draft_then_by_whom_it_was_reviewed(page: Client, attempt: Attempt, reviewer: User) -> None:
    assert shown(page, attempt)["state"] == "draft"
    desk.take(attempt.pk, reviewer)
    assert shown(page, attempt)["state"] == "draft", "in review is not reviewed"
    desk.approve(attempt.pk, reviewer, attempt.sha256)
    review = shown(page, attempt)
    assert (review["state"], review["reviewed_by"], review["reasons"]) == ("reviewed", "Rita Reviewer", [])


def test_the_notice_says_who_has_reviewed_it_as_things_stand_and_no_more(
    page: Client, attempt: Attempt, reviewer: User
) -> None:
    assert said_beside(page, attempt).endswith("It has not been reviewed by an attorney or by anyone on our staff.")
    approve(attempt, reviewer)
    at = Review.objects.get().decided_at
    assert at is not None
    reviewed = said_beside(page, attempt)
    assert reviewed.endswith(f"Rita Reviewer of our staff reviewed it on {at.day} {at:%B %Y}.")
    assert "attorney " not in reviewed, "it claims that an attorney reviewed it, or that none did"
    rows.reword(attempt.matter, "Another question?")
    assert said_beside(page, attempt).endswith("review no longer holds: treat it as not reviewed.")
    for words in document_of(Attempt.objects.get(pk=attempt.pk))["notice"], shared_page(attempt):
        assert "treat it as not reviewed." in words
    desk.withdraw(attempt.pk, reviewer, "The question is another one.")
    assert "Rita Reviewer of our staff has read it and sent it back" in said_beside(page, attempt)


def shared_page(attempt: Attempt) -> str:
    _, token = share_attempt(attempt, days=1, facts=True, by=None)
    return Client().get(f"/shared/{token}/").content.decode()


def test_approvals_are_proved_in_turn_and_marked_where_they_hold_no_more(
    attempt: Attempt, reviewer: User, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(attempt, reviewer)
    other = rows.begun(rows.advising(company))
    rows.advised(other.matter, other)
    other.refresh_from_db()
    approve(other, reviewer)
    assert prove_approvals() == 0
    Attempt.objects.filter(pk=attempt.pk).update(text=TEXT.replace("writing", "Writing"))
    monkeypatch.setattr(proving, "AT_ONCE", 1)
    assert sorted(prove_approvals() for _ in range(2)) == [0, 1], "one comes twice before the other"
    since = Review.objects.get(attempt=attempt).stale_since
    assert since is not None
    prove_approvals()
    prove_approvals()
    assert Review.objects.get(attempt=attempt).stale_since == since, "since when, not when it was looked at last"
    Attempt.objects.filter(pk=attempt.pk).update(text=TEXT)
    assert [prove_approvals() for _ in range(2)] == [0, 0]
    assert not Review.objects.filter(stale_since__isnull=False).exists(), "it holds again, byte for byte"


def chips(page: Client) -> list[str]:
    """The words of all chips of the list of matters, newest matter first."""
    html = page.get("/").content.decode()
    return [" ".join(words.split()) for words in re.findall(r'<span class="chip [^>]*>([^<]*)</span>', html)]


def test_the_list_of_matters_says_what_became_of_the_advice_that_stands(
    page: Client, attempt: Attempt, reviewer: User
) -> None:
    assert chips(page) == ["Advised"]
    desk.take(attempt.pk, reviewer)
    assert chips(page) == ["Advised"], "in review is not reviewed"
    desk.approve(attempt.pk, reviewer, attempt.sha256)
    assert chips(page) == ["Advised", "Reviewed"]
    Attempt.objects.filter(pk=attempt.pk).update(text=TEXT.replace("writing", "Writing"))
    prove_approvals()
    assert chips(page) == ["Advised", "Stale"]
    desk.withdraw(attempt.pk, reviewer, "It is another text.")
    assert chips(page) == ["Advised", "Sent back"]
    regenerate_matter(attempt.matter_id)
    assert chips(page) == ["Writing"], "what was sent back stands no more"
    attempt.matter.refresh_from_db()
    rows.advised(attempt.matter, rows.begun(attempt.matter))
    assert chips(page) == ["Advised"], "nobody has reviewed the new version"


def test_a_longer_list_of_reviewed_matters_costs_no_more_queries(
    page: Client, attempt: Attempt, reviewer: User, company: Company
) -> None:
    approve(attempt, reviewer)
    with CaptureQueriesContext(connection) as for_one:
        assert chips(page) == ["Advised", "Reviewed"]
    for _ in range(3):
        other = rows.begun(rows.advising(company))
        rows.advised(other.matter, other)
        other.refresh_from_db()
        approve(other, reviewer)
    with CaptureQueriesContext(connection) as for_four:
        assert chips(page) == ["Advised", "Reviewed"] * 4
    assert len(for_four) == len(for_one)


def test_an_open_page_learns_by_few_queries_whether_it_shows_what_stands(
    page: Client, attempt: Attempt, reviewer: User
) -> None:
    here = f"/matters/{attempt.matter_id}/"
    with CaptureQueriesContext(connection) as whole:
        shown = stamp_on(page.get(here))

    def changed(by: Callable[[], object]) -> bool:
        nonlocal shown
        by()
        answer = page.get(here, headers={"If-None-Match": shown})
        shown = stamp_on(answer) if answer.status_code == 200 else shown
        return answer.status_code == 200

    with CaptureQueriesContext(connection) as short:
        assert not changed(lambda: None)
    assert len(short) * 3 < len(whole), "who comes back to a page costs as much as who opens it"
    assert not changed(lambda: desk.take(attempt.pk, reviewer)), "nothing of that is on the page"
    assert changed(lambda: desk.approve(attempt.pk, reviewer, attempt.sha256))
    Attempt.objects.filter(pk=attempt.pk).update(text=TEXT.replace("writing", "Writing"))
    assert changed(prove_approvals), "an approval that holds no more"
    assert changed(lambda: desk.withdraw(attempt.pk, reviewer, "It is another text."))
    assert changed(lambda: regenerate_matter(attempt.matter_id))
    assert not changed(lambda: None)
    Matter.objects.filter(pk=attempt.matter_id).update(pruned_at=Now())
    gone = page.get(here, headers={"If-None-Match": shown})
    assert gone.status_code == 200, "what was removed stays on the screen"
    assert b'<div id="live"' not in gone.content, "by this the page's script knows that it is to load anew"
    assert Client().get(here, headers={"If-None-Match": shown}).status_code == 302, "a stranger is told of it"


def stamp_on(answer: Any) -> str:
    """What the page's script asks with."""
    (shown,) = re.findall(r'data-stamp=("[^"]+")', answer.content.decode())
    return str(shown)


CHANGES: dict[str, tuple[str, str]] = {
    "the text": ("UPDATE advice_attempt SET text = replace(text, 'writing', 'Writing')", "the text of the advice"),
    "a fact": ("""UPDATE advice_attempt SET facts = jsonb_set(facts, '{0,value}', '"Berlin"')""", "the facts used"),
    "a source": ("""UPDATE advice_attempt SET sources = jsonb_set(sources, '{0,text}', '"D"')""", "the sources"),
    "a playbook's version": (
        """UPDATE advice_attempt SET sources = jsonb_set(sources, '{0,version}', '"0"')""",
        "the versions of the playbooks",
    ),
    "the question": ("UPDATE matters_matter SET question = question || '!'", "the question"),
    "who approved": ("UPDATE advice_review SET reviewed_by = 'Mallory'", "signature"),
    "the badge": ("""UPDATE advice_review SET statement = statement || '{"reviewed_by": "Mallory"}'""", "signature"),
    "when": ("UPDATE advice_review SET decided_at = decided_at - interval '1 day'", "signature"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_changed_byte_voids_the_badge(page: Client, attempt: Attempt, reviewer: User, change: str) -> None:
    approve(attempt, reviewer)
    statement, words = CHANGES[change]
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1
    review = shown(page, attempt)
    assert review["state"] == "stale"
    assert any(words in reason for reason in review["reasons"]), review["reasons"]


def load_newer_version() -> None:
    version = PlaybookVersion.objects.latest("pk")
    PlaybookVersion.objects.update(is_current=False)
    version.pk, version.content_hash, version.is_current = None, "f" * 64, True
    version.save(force_insert=True)


def test_what_rests_on_an_older_version_of_a_playbook_can_be_sent_back_and_not_approved(
    attempt: Attempt, reviewer: User
) -> None:
    desk.take(attempt.pk, reviewer)
    load_newer_version()
    with pytest.raises(NotAllowed, match="outdated versions of these playbooks: founder-departure"):
        desk.approve(attempt.pk, reviewer, attempt.sha256)
    desk.send_back(attempt.pk, reviewer, "The law has changed.")


def test_a_newer_version_of_a_playbook_makes_it_stale(page: Client, attempt: Attempt, reviewer: User) -> None:
    approve(attempt, reviewer)
    PlaybookVersion.objects.update(is_current=False)
    assert shown(page, attempt)["state"] == "reviewed", "retired, and not replaced"
    load_newer_version()
    assert shown(page, attempt)["reasons"] == [
        "The playbook founder-departure has a newer version than the one reviewed."
    ]


def test_a_key_that_came_later_leaves_older_badges_good_and_a_lost_one_does_not(
    attempt: Attempt, reviewer: User, settings: Settings
) -> None:
    approve(attempt, reviewer)
    newer = "A" * 43 + "="
    settings.REVIEW_SIGNING_KEY = [newer, *settings.REVIEW_SIGNING_KEY]
    assert standing_of(attempt).state == "reviewed"
    settings.REVIEW_SIGNING_KEY = [newer]
    assert standing_of(attempt).state == "stale"


@pytest.mark.parametrize("keys", [[], ["garbage"]])
def test_without_a_key_that_can_be_used_an_approved_advice_is_shown_all_the_same_and_is_stale(
    page: Client, attempt: Attempt, reviewer: User, settings: Settings, keys: list[str]
) -> None:
    approve(attempt, reviewer)
    settings.REVIEW_SIGNING_KEY = keys
    assert shown(page, attempt)["reasons"] == ["The signature of the review can't be verified."]
    file = page.get(f"/api/v1/matters/{attempt.matter_id}/review.json")
    assert file.json()["badge"]["public_key"] == ""


def test_what_is_sent_back_is_read_with_reasons_and_passages(page: Client, attempt: Attempt, reviewer: User) -> None:
    desk.take(attempt.pk, reviewer)
    noted = desk.comment(attempt.pk, reviewer, "😀 nothing", "Say what.")
    assert TEXT[noted.start : noted.end] == "😀 nothing", "places are code points"
    desk.send_back(attempt.pk, reviewer, "The deadline is missing.")
    review = shown(page, attempt)
    assert review["state"] == "draft"
    assert review["sent_back"]["reasons"] == "The deadline is missing."
    assert review["sent_back"]["comments"] == [
        {"start": noted.start, "end": noted.end, "passage": "😀 nothing", "text": "Say what."}
    ]
    html = page.get(f"/matters/{attempt.matter_id}/").content.decode()
    assert "The deadline is missing." in html
    assert "Say what." in html


def approving(attempt: Attempt, me: User, _other: User) -> None:
    desk.approve(attempt.pk, me, attempt.sha256)


def taking(attempt: Attempt, me: User, _other: User) -> None:
    desk.take(attempt.pk, me)


def taken_by_other(attempt: Attempt, _me: User, other: User) -> None:
    desk.take(attempt.pk, other)


def approving_what_was_not_read(attempt: Attempt, me: User, _other: User) -> None:
    desk.approve(attempt.pk, me, "0" * 64)


def sending_back(words: str) -> Act:
    return lambda attempt, me, _other: desk.send_back(attempt.pk, me, words)


def commenting(passage: str) -> Act:
    def act(attempt: Attempt, me: User, _other: User) -> None:
        desk.comment(attempt.pk, me, passage, "x")

    return act


def withdrawing(attempt: Attempt, me: User, _other: User) -> None:
    desk.withdraw(attempt.pk, me, "No.")


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ([approving], "Take this advice first"),
        ([taken_by_other, taking], "in review, by other@staff.example"),
        ([taken_by_other, sending_back("No.")], "in review, by other"),
        ([taking, approving_what_was_not_read], "has changed since you read it"),
        ([taking, commenting("Pay")], "appear 2 times"),
        ([taking, commenting("Mars")], "are not in the text"),
        ([taking, sending_back(" ")], "is empty"),
        ([taking, approving, taken_by_other], "approved, by Rita Reviewer"),
        ([withdrawing], "not approved"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_reason(
    attempt: Attempt, reviewer: User, acts: list[Act], words: str
) -> None:
    other = User.objects.create_user("other@staff.example", is_staff=True)
    *before, last = acts
    for act in before:
        act(attempt, reviewer, other)
    with pytest.raises(NotAllowed, match=words):
        last(attempt, reviewer, other)


def test_an_incomplete_advice_cannot_be_approved(company: Company, reviewer: User) -> None:
    attempt = rows.ended(rows.begun(rows.advising(company)), AttemptStatus.INCOMPLETE)
    desk.take(attempt.pk, reviewer)
    with pytest.raises(NotAllowed, match="Incomplete advice can"):
        desk.approve(attempt.pk, reviewer, attempt.sha256)


def test_given_back_or_handed_over_it_is_somebody_elses(attempt: Attempt, reviewer: User) -> None:
    other = User.objects.create_user("other@staff.example", is_staff=True)
    desk.take(attempt.pk, reviewer)
    desk.give_back(attempt.pk, reviewer)
    desk.take(attempt.pk, other)
    desk.hand_over(attempt.pk, reviewer)
    desk.approve(attempt.pk, reviewer, attempt.sha256)
    with pytest.raises(NotAllowed, match="approved"):
        desk.hand_over(attempt.pk, other)


def test_an_approval_can_be_withdrawn(attempt: Attempt, reviewer: User) -> None:
    approve(attempt, reviewer)
    desk.withdraw(attempt.pk, reviewer, "The law changed.")
    assert (standing_of(attempt).state, standing_of(attempt).words) == ("draft", "The law changed.")


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_cannot_both_take_it(attempt: Attempt) -> None:
    people = [User.objects.create_user(f"{n}@staff.example", is_staff=True) for n in range(4)]

    def tries(person: User) -> bool:
        try:
            desk.take(attempt.pk, person)
        except NotAllowed:
            return False
        return True

    assert sum(at_once(*[partial(tries, person) for person in people])) == 1
    assert Review.objects.get().state == ReviewState.IN_REVIEW


@pytest.fixture
def file(page: Client, attempt: Attempt, reviewer: User, tmp_path: Path) -> Path:
    """A downloaded review.json, with the advice.md beside it."""
    assert page.get(f"/api/v1/matters/{attempt.matter_id}/review.json").status_code == 404
    approve(attempt, reviewer)
    path = tmp_path / "review.json"
    for name in ("review.json", "advice.md"):
        (tmp_path / name).write_bytes(page.get(f"/api/v1/matters/{attempt.matter_id}/{name}").content)
    return path


def test_a_downloaded_badge_is_proved_by_file_and_key_alone(
    file: Path, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    key = public_key_of(settings.REVIEW_SIGNING_KEY[0])
    settings.REVIEW_SIGNING_KEY = []
    with connection.execute_wrapper(no_database):
        call_command("verify_badge", file, public_key=key, markdown=file.with_name("advice.md"))
    said = capsys.readouterr().out
    assert "The badge holds: approved by Rita Reviewer" in said


def no_database(*_call: object) -> None:
    raise AssertionError("the database was asked")


def fails(file: Path, **options: Any) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("verify_badge", file, **options)
    assert refused.value.returncode == 1
    return str(refused.value)


def test_every_changed_value_of_the_file_is_found(file: Path) -> None:
    original = json.loads(file.read_text())
    places = list(leaves(original))
    assert len(places) > 25
    changed = file.with_name("changed.json")
    for place in places:
        root = json.loads(file.read_text())
        change(root, place)
        changed.write_text(json.dumps(root))
        assert fails(changed), f"a change at {place} was not found"


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, (*way, name))
    else:
        yield way


def change(root: Any, place: tuple[Any, ...]) -> None:
    *way, last = place
    for name in way:
        root = root[name]
    root[last] = root[last] + 1 if isinstance(root[last], int) else f"{root[last] or ''}x"


def test_what_is_wrong_is_said(file: Path, tmp_path: Path) -> None:
    whole = file.read_text()
    for words, content in {
        "the text of the advice": whole.replace("in writing", "by phone"),
        "the facts used": whole.replace("Oakland", "Berlin"),
        "reviewer, time, hashes": whole.replace('"reviewed_by": "Rita', '"reviewed_by": "Mallory'),
        "is not JSON": whole[:-20],
        "too much: note": whole.replace('{"advice": {', '{"advice": {"note": "And pay me.", '),
        "stands twice": whole.replace('"content": ', '"content": "", "content": '),
        "UTF": whole.replace("in writing", "\\ud800"),
        "Not an object": "[]",
    }.items():
        assert content != whole
        file.write_text(content)
        assert words.lower() in fails(file).lower(), words
    file.write_text(whole)
    other = public_key_of("A" * 43 + "=")
    assert "signature is not by this key" in fails(file, public_key=other)
    assert "base64 of 32 bytes" in fails(file, public_key="AAAA")
    markdown = tmp_path / "advice.md"
    markdown.write_bytes(markdown.read_bytes() + b"\n")
    assert "Markdown file is not the text" in fails(file, markdown=markdown)
    assert "can't be read" in fails(tmp_path / "nowhere.json")
