"""E-mail about matters: who is told what, when, and that it is once, whatever fails."""

import re
import smtplib
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from advice.deleting import delete_matter
from advice.models import Attempt, AttemptStatus
from advice.page import stamp_of
from advice.review import desk
from advice.review.due_notices import REVIEWED
from advice.review.models import Review
from advice.review.proving import prove_approvals
from companies.models import Company, Membership, User
from matters.going_on import regenerate_matter, retry_matter
from matters.models import Event, Matter, Notice, Presence, Question
from matters.notices.due import AWAY_MINUTES, store_due_notices
from matters.notices.mail import word_notice
from matters.notices.models import Decision, NoticeStatus
from matters.questions.answering import answer_question
from matters.questions.assigning import assign_question, questions_for, take_back_from_who_left
from matters.services import fail_matter, lock_matter
from matters.states import MatterStatus, QuestionStatus
from tests import rows
from tests.threads import at_once, with_own_connection
from workers import notices
from workers.notices import LEASE, PAUSES, remind, send_notices
from workers.review_desk.editing import edit_as_new_version

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "an account of what the CTO did"
AWAY = timedelta(minutes=AWAY_MINUTES + 1)
SEND: Callable[..., int] = EmailBackend.send_messages


@pytest.fixture
def colleague(company: Company) -> User:
    user = User.objects.create_user("colleague@acme.example", first_name="Cal")
    Membership.objects.create(company=company, user=user)
    return user


@pytest.fixture
def waiting(company: Company, founder: User) -> Matter:
    """A matter of the founder's that waits for one answer."""
    matter = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    Matter.objects.filter(pk=matter.pk).update(created_by=founder, question=SECRET)
    rows.move(matter, MatterStatus.AWAITING_FOUNDER)
    return matter


def give(matter: Matter, user: User, by: User | None = None) -> Question:
    return assign_question(matter.pk, matter.questions.get().pk, user.email, by=by)


def let_pass(time: timedelta) -> None:
    """Everything is so much longer ago."""
    Event.objects.update(at=F("at") - time)
    Matter.objects.update(completed_at=F("completed_at") - time)
    Question.objects.update(assigned_at=F("assigned_at") - time)
    Presence.objects.update(seen_until=F("seen_until") - time)
    Review.objects.update(decided_at=F("decided_at") - time)
    Notice.objects.update(due_at=F("due_at") - time, created_at=F("created_at") - time)


def told() -> list[tuple[str, str]]:
    """To whom, and the subject's telling words; nobody is told any of it twice by another call."""
    remind()
    remind()
    found = [(str(message.to[0]).partition("@")[0], str(message.subject)) for message in mail.outbox]
    mail.outbox.clear()
    return found


ASKED = "A question for you on Matterstream"
DAY = "A reminder from Matterstream: your answer is needed"
THREE = "A second reminder from Matterstream: your answer is needed"
WAITS, READY = "Your matter on Matterstream is waiting for you", "Your advice on Matterstream is ready"
FAILED = "Your matter on Matterstream has stopped"


def test_whoever_is_asked_gets_the_question_and_a_link_and_two_reminders(
    waiting: Matter, colleague: User, founder: User
) -> None:
    question = give(waiting, colleague, founder)
    send_notices()
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([colleague.email], ASKED)
    body = str(message.body)
    assert f"{founder.email} asks you" in body
    assert question.text in body
    assert f"{django_settings.SITE_URL}/matters/{waiting.pk}/#card-{question.pk}" in body
    assert SECRET not in body
    assert "List-Unsubscribe" not in message.extra_headers, "whoever asks somebody can always reach them"
    mail.outbox.clear()
    for time, expected in ((23, []), (2, [("colleague", DAY)]), (48, [("colleague", THREE)]), (200, [])):
        let_pass(timedelta(hours=time))
        assert told() == expected


def test_the_asker_is_reminded_of_what_is_in_nobodys_list(waiting: Matter, founder: User, colleague: User) -> None:
    Presence.objects.create(matter=waiting, user=founder, seen_until="2100-01-01T00:00:00Z")
    let_pass(timedelta(hours=25))
    assert told() == [("founder", DAY)]
    give(waiting, colleague, founder)
    assert told() == [("colleague", ASKED)]
    let_pass(timedelta(hours=49))
    assert told() == [("colleague", DAY)], "what a colleague was given, its asker is not reminded of"


def test_who_left_is_not_reminded_and_the_question_is_everybodys_again(
    waiting: Matter, founder: User, colleague: User
) -> None:
    give(waiting, colleague, founder)
    told()
    browser = Client()
    browser.force_login(colleague)
    browser.post("/settings/members/leave/")
    let_pass(timedelta(hours=25))
    assert [to for to, _ in told()] == ["founder"]


def test_who_leaves_while_somebody_keeps_a_matter_locked_has_left_and_is_asked_no_more_soon(
    company: Company, waiting: Matter, colleague: User
) -> None:
    kept, other = give(waiting, colleague), give(rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER), colleague)
    browser = Client()
    browser.force_login(colleague)
    with transaction.atomic():
        lock_matter(waiting.pk)
        (answer,) = at_once(lambda: browser.post("/settings/members/leave/"))
        assert answer.status_code == 302, "what was done is answered as done"
        at_once(remind)
        assert not Membership.objects.filter(user=colleague).exists()
        assert list(Question.objects.filter(assigned_to=colleague)) == [kept], "a locked matter holds up another one"
    end = waiting.events.latest("number").number
    for _ in range(2):
        remind()
        kept.refresh_from_db()
        assert (kept.assigned_to, kept.assigned_at) == (None, None)
        assert waiting.events.latest("number").number == end + 1, "whoever looks at it is told, once"
    assert other.matter.events.latest("number").type == "question.updated"


def test_what_staff_do_to_a_person_takes_their_questions_back_too(
    company: Company, waiting: Matter, founder: User, colleague: User, django_assert_num_queries: Any
) -> None:
    question = give(waiting, colleague)
    with django_assert_num_queries(1):
        take_back_from_who_left()
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    remind()
    question.refresh_from_db()
    assert question.assigned_to is None, "nobody can sign in to answer"
    User.objects.filter(pk=colleague.pk).update(is_active=True)
    question = give(waiting, colleague)
    company.memberships.filter(user=colleague).delete()
    remind()
    question.refresh_from_db()
    assert question.assigned_to is None


def test_nobody_is_told_of_a_matter_that_was_deleted(waiting: Matter, colleague: User) -> None:
    give(waiting, colleague)
    Matter.objects.filter(pk=waiting.pk).update(deleted_at=Now())
    let_pass(timedelta(days=2))
    assert told() == []
    assert not questions_for(colleague).exists(), "the list of questions leads to a page that is not there"


def test_what_was_answered_or_given_to_somebody_else_meanwhile_is_not_sent(
    waiting: Matter, founder: User, colleague: User
) -> None:
    give(waiting, colleague, founder)
    answer_question(waiting.pk, waiting.questions.get().pk, "Yes", by=founder)
    assert told() == []
    assert Notice.objects.get().status == NoticeStatus.DROPPED


def test_a_matter_that_comes_to_wait_while_its_asker_is_away_says_so_once(waiting: Matter, founder: User) -> None:
    assert told() == [], "they may still come to look"
    let_pass(AWAY)
    remind()
    (message,) = mail.outbox
    assert f"/matters/{waiting.pk}/" in str(message.body)
    assert SECRET not in str(message.body)
    assert waiting.questions.get().text not in str(message.body)
    assert told() == [("founder", WAITS)]
    rows.move(waiting, MatterStatus.GATHERING)
    rows.move(waiting, MatterStatus.AWAITING_FOUNDER)
    let_pass(AWAY)
    assert told() == [], "once for a version, however often it comes to wait"


@pytest.mark.parametrize(("seen", "expected"), [("before", [("founder", READY)]), ("then", []), ("since", [])])
def test_an_advice_is_told_of_unless_its_asker_saw_it(
    company: Company, founder: User, seen: str, expected: list[Any]
) -> None:
    matter = rows.advising(company)
    Matter.objects.filter(pk=matter.pk).update(created_by=founder)
    attempt = rows.begun(matter)
    rows.append(attempt, SECRET)
    browser = Client()
    browser.force_login(founder)
    if seen == "before":
        browser.get(f"/matters/{matter.pk}/")
    if seen == "then":
        Presence.objects.create(matter=matter, user=founder, seen_until="2100-01-01T00:00:00Z")
    rows.advised(matter, attempt)
    let_pass(AWAY)
    if seen == "since":
        browser.get(f"/matters/{matter.pk}/")
    assert told() == expected


def test_who_is_told_of_an_incomplete_advice_is_told_so(company: Company, founder: User) -> None:
    matter = rows.advising(company)
    Matter.objects.filter(pk=matter.pk).update(created_by=founder)
    attempt = rows.begun(matter)
    rows.append(attempt, SECRET)
    rows.advised(matter, attempt, status=AttemptStatus.INCOMPLETE)
    let_pass(AWAY)
    remind()
    (message,) = mail.outbox
    assert "is incomplete: the model stopped before the end." in str(message.body)


def test_an_asker_who_is_away_is_told_of_each_time_a_fault_stops_their_matter(waiting: Matter, founder: User) -> None:
    error = {"code": "invalid_reply", "message": SECRET, "retryable": True}
    rows.move(waiting, MatterStatus.GATHERING)
    for presence in ("away", "away", "watching"):
        if presence == "watching":
            Presence.objects.create(matter=waiting, user=founder, seen_until="2100-01-01T00:00:00Z")
        with transaction.atomic():
            fail_matter(lock_matter(waiting.pk), error, "test")
        assert told() == [], "they may still come to look"
        let_pass(AWAY)
        remind()
        assert [message.subject for message in mail.outbox] == ([FAILED] if presence == "away" else [])
        assert SECRET not in "".join(str(message.body) for message in mail.outbox)
        told()
        let_pass(AWAY)
        assert told() == []
        retry_matter(waiting.pk)


def test_a_matter_that_goes_on_again_is_not_said_to_have_stopped(waiting: Matter) -> None:
    rows.move(waiting, MatterStatus.GATHERING)
    with transaction.atomic():
        fail_matter(lock_matter(waiting.pk), {"code": "timeout", "message": "Too slow.", "retryable": True}, "test")
    let_pass(AWAY)
    store_due_notices()
    retry_matter(waiting.pk)
    assert told() == []
    assert Notice.objects.get(kind="failed").status == NoticeStatus.DROPPED


@pytest.fixture
def advised(company: Company, founder: User) -> Matter:
    """A matter of the founder's whose advice they were told of, and did not look at."""
    matter = rows.advising(company)
    Matter.objects.filter(pk=matter.pk).update(created_by=founder, question=SECRET)
    attempt = rows.begun(matter)
    rows.append(attempt, SECRET)
    rows.advised(matter, attempt)
    let_pass(AWAY)
    assert told() == [("founder", READY)]
    return matter


@pytest.fixture
def reviewer(db: None) -> User:
    return User.objects.create_user("rita@staff.example", first_name="Rita", is_staff=True)


def decide(matter: Matter, reviewer: User, decision: Decision) -> None:
    """Of the newest advice, whose it is, or becomes, at the desk."""
    attempt: Attempt = matter.attempts.latest("started_event")
    if decision == Decision.WITHDRAWN:
        desk.withdraw(attempt.pk, reviewer, SECRET)
        return
    desk.take(attempt.pk, reviewer)
    if decision == Decision.APPROVED:
        desk.approve(attempt.pk, reviewer, attempt.sha256)
    elif decision == Decision.SENT_BACK:
        desk.send_back(attempt.pk, reviewer, SECRET)
    else:
        edit_as_new_version(attempt.pk, reviewer, f"{SECRET}, in other words")


DECIDED = {
    Decision.APPROVED: ("Your advice on Matterstream was reviewed", "A reviewer has approved the advice"),
    Decision.SENT_BACK: ("Your advice on Matterstream was sent back", "and sent it back"),
    Decision.WITHDRAWN: ("Your advice on Matterstream is no longer approved", "A reviewer has withdrawn the approval"),
    Decision.EDITED: ("A reviewer has edited your advice on Matterstream", "A reviewer has written a new version"),
}


@pytest.mark.parametrize("decision", DECIDED)
def test_an_asker_who_is_away_is_told_once_what_a_reviewer_decided_and_not_why(
    advised: Matter, reviewer: User, decision: Decision
) -> None:
    if decision == Decision.WITHDRAWN:
        decide(advised, reviewer, Decision.APPROVED)
        let_pass(AWAY)
        assert told() == [("founder", DECIDED[Decision.APPROVED][0])]
    decide(advised, reviewer, decision)
    assert told() == [], "they may still come to look"
    let_pass(AWAY)
    at_once(*[remind] * 4)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["founder@acme.example"], DECIDED[decision][0])
    ]
    (message,) = mail.outbox
    assert DECIDED[decision][1] in str(message.body)
    assert f"{django_settings.SITE_URL}/matters/{advised.pk}/" in str(message.body)
    assert SECRET not in str(message.body)
    assert message.extra_headers["List-Unsubscribe"].strip("<>") in str(message.body)
    told()
    let_pass(AWAY)
    assert told() == []


@pytest.mark.parametrize("decision", [Decision.APPROVED, Decision.SENT_BACK, Decision.EDITED])
def test_who_has_looked_since_a_reviewer_decided_is_not_told(
    advised: Matter, founder: User, reviewer: User, decision: Decision
) -> None:
    browser = Client()
    browser.force_login(founder)
    decide(advised, reviewer, decision)
    browser.get(f"/matters/{advised.pk}/")
    let_pass(AWAY)
    assert told() == []


def test_who_came_back_to_a_page_that_shows_the_decision_already_is_not_told(
    advised: Matter, founder: User, reviewer: User
) -> None:
    browser = Client()
    browser.force_login(founder)
    decide(advised, reviewer, Decision.APPROVED)
    advised.refresh_from_db()
    shown = f'"{stamp_of(advised)}"'
    assert browser.get(f"/matters/{advised.pk}/", headers={"If-None-Match": shown}).status_code == 304
    let_pass(AWAY)
    assert told() == [], "who saw it on the page is sent an e-mail about it"


@pytest.mark.parametrize("decision", [Decision.APPROVED, Decision.SENT_BACK, Decision.WITHDRAWN])
def test_who_looked_before_a_reviewer_decided_is_told_though_the_web_process_has_another_time(
    advised: Matter, founder: User, reviewer: User, decision: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    if decision == Decision.WITHDRAWN:
        decide(advised, reviewer, Decision.APPROVED)
    browser = Client()
    browser.force_login(founder)
    browser.get(f"/matters/{advised.pk}/")
    with monkeypatch.context() as patched:
        late = timezone.now() - timedelta(hours=1)
        patched.setattr(timezone, "now", lambda: late)
        decide(advised, reviewer, decision)
    let_pass(AWAY)
    assert told() == [("founder", DECIDED[decision][0])]


@pytest.mark.parametrize(
    "decisions", [(Decision.APPROVED, Decision.WITHDRAWN), (Decision.EDITED, Decision.APPROVED)], ids=lambda two: two[1]
)
@pytest.mark.parametrize("stored", ["before", "with it"])
def test_of_two_decisions_the_last_alone_is_told(
    advised: Matter, reviewer: User, decisions: tuple[Decision, Decision], stored: str
) -> None:
    decide(advised, reviewer, decisions[0])
    let_pass(timedelta(minutes=AWAY_MINUTES))
    if stored == "before":
        store_due_notices(REVIEWED)
        assert Notice.objects.filter(status=NoticeStatus.PENDING).count() == 1
    decide(advised, reviewer, decisions[1])
    assert told() == [], "the first holds no more, and of the second they are not away for long enough"
    let_pass(AWAY)
    assert told() == [("founder", DECIDED[decisions[1]][0])]


def test_an_advice_that_was_decided_about_at_once_is_told_of_by_one_e_mail(
    company: Company, founder: User, reviewer: User
) -> None:
    matter = rows.advising(company)
    Matter.objects.filter(pk=matter.pk).update(created_by=founder)
    rows.advised(matter, rows.begun(matter))
    decide(matter, reviewer, Decision.APPROVED)
    let_pass(AWAY)
    assert told() == [("founder", DECIDED[Decision.APPROVED][0])]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored yet"])
def test_an_approval_that_was_found_stale_is_not_told_and_its_withdrawal_is(
    advised: Matter, reviewer: User, stored: bool
) -> None:
    decide(advised, reviewer, Decision.APPROVED)
    let_pass(AWAY)
    if stored:
        assert store_due_notices(REVIEWED) == 1
    Attempt.objects.update(text="Another text.")
    assert prove_approvals() == 1
    assert told() == [], "an approval is told of that holds no more"
    decide(advised, reviewer, Decision.WITHDRAWN)
    let_pass(AWAY)
    assert told() == [("founder", DECIDED[Decision.WITHDRAWN][0])]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored yet"])
@pytest.mark.parametrize("event", ["regenerated", "deleted", "unsubscribed", "of a batch", "long ago"])
def test_a_decision_that_holds_no_more_or_that_nobody_wants_to_hear_of_is_not_told(
    advised: Matter, founder: User, reviewer: User, event: str, stored: bool
) -> None:
    decide(advised, reviewer, Decision.SENT_BACK)
    let_pass(AWAY)
    if stored and event not in ("of a batch", "long ago"):
        assert store_due_notices(REVIEWED) == 1
    if event == "regenerated":
        regenerate_matter(advised.pk)
    elif event == "deleted":
        delete_matter(advised.pk)
    elif event == "unsubscribed":
        User.objects.filter(pk=founder.pk).update(matter_mail=False)
    elif event == "of a batch":
        Matter.objects.filter(pk=advised.pk).update(priority="batch")
    else:
        let_pass(timedelta(days=1))
    assert told() == []
    assert not Notice.objects.filter(status=NoticeStatus.PENDING).exists(), "it is tried again"


def test_a_version_that_was_made_after_a_decision_is_told_of_as_written(advised: Matter, reviewer: User) -> None:
    decide(advised, reviewer, Decision.SENT_BACK)
    let_pass(AWAY)
    told()
    regenerate_matter(advised.pk)
    advised.refresh_from_db()
    advised.steps.exclude(state="done").update(state="canceled")
    rows.advised(advised, rows.begun(advised))
    let_pass(AWAY)
    assert told() == [("founder", READY)]


def test_nobody_is_told_of_a_batch_or_of_a_program_or_of_long_ago(
    company: Company, founder: User, waiting: Matter
) -> None:
    Matter.objects.filter(pk=waiting.pk).update(priority="batch")
    let_pass(AWAY)
    assert told() == []
    Matter.objects.filter(pk=waiting.pk).update(priority="interactive", created_by=None)
    assert told() == []
    Matter.objects.filter(pk=waiting.pk).update(created_by=founder)
    let_pass(timedelta(days=8))
    assert told() == []


def test_a_link_ends_reminders_without_a_sign_in_by_post_alone(waiting: Matter, founder: User, colleague: User) -> None:
    let_pass(AWAY)
    remind()
    (message,) = mail.outbox
    mail.outbox.clear()
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message.extra_headers["List-Unsubscribe"].strip("<>")
    assert link in str(message.body)
    path, stranger = link.removeprefix(django_settings.SITE_URL), Client(enforce_csrf_checks=True)
    assert b"<button>" in stranger.get(path).content
    founder.refresh_from_db()
    assert founder.matter_mail, "a program that follows links changes nothing"
    for _ in range(2):
        assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    let_pass(timedelta(hours=25))
    assert told() == []
    give(waiting, founder, colleague)
    assert told() == [("founder", ASKED)]
    assert stranger.post(path[:-3] + "x/").status_code == 404
    browser = Client()
    browser.force_login(founder)
    browser.post("/settings/e-mail/", {"matter_mail": "1"})
    let_pass(timedelta(hours=25))
    assert told() == [("founder", DAY)], "the setting of the account brings them back"


def test_two_beats_and_two_workers_send_it_once(waiting: Matter, founder: User) -> None:
    let_pass(AWAY)
    at_once(*[remind] * 4)
    at_once(*[send_notices] * 4)
    assert len(mail.outbox) == 1


def die(self: EmailBackend, messages: list[EmailMessage]) -> int:
    """The worker is killed when the mail server has taken it and nobody has noted that."""
    SEND(self, messages)
    raise KeyboardInterrupt


def test_what_a_killed_worker_was_sending_is_sent_when_its_time_is_over(
    waiting: Matter, founder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_pass(AWAY)
    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", die)
        with pytest.raises(KeyboardInterrupt):
            remind()
    (first,) = mail.outbox
    let_pass(LEASE - timedelta(minutes=1))
    assert send_notices() == 0, "its worker may still be at it"
    let_pass(timedelta(minutes=1))
    remind()
    assert [message.extra_headers["Message-ID"] for message in mail.outbox] == [first.extra_headers["Message-ID"]] * 2
    mail.outbox.clear()
    let_pass(LEASE)
    assert told() == []


def test_a_killed_worker_s_e_mail_is_not_sent_where_its_asker_has_looked_since(
    waiting: Matter, founder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_pass(AWAY)
    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", die)
        with pytest.raises(KeyboardInterrupt):
            remind()
    mail.outbox.clear()
    Presence.objects.create(matter=waiting, user=founder, seen_until="2100-01-01T00:00:00Z")
    let_pass(LEASE)
    assert told() == []


@pytest.mark.parametrize("outcome", ["sent", "refused"])
def test_a_worker_that_comes_back_after_its_time_changes_nothing(
    waiting: Matter, founder: User, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """While it sends, a second one takes the notice."""
    noted: list[tuple[Any, ...]] = []

    def refuse(_self: object, _messages: object) -> int:
        raise SMTPServerDisconnected

    def be_slow(self: EmailBackend, messages: list[EmailMessage]) -> int:
        let_pass(LEASE)
        monkeypatch.setattr(EmailBackend, "send_messages", die)
        with pytest.raises(KeyboardInterrupt):
            with_own_connection(send_notices)
        noted.extend(Notice.objects.values_list("status", "attempts", "due_at", "sent_at"))
        return refuse(self, messages) if outcome == "refused" else SEND(self, messages)

    let_pass(AWAY)
    monkeypatch.setattr(EmailBackend, "send_messages", be_slow)
    remind()
    assert noted[0][:2] == (NoticeStatus.SENDING, 2)
    assert list(Notice.objects.values_list("status", "attempts", "due_at", "sent_at")) == noted


def test_an_e_mail_that_kills_every_worker_is_given_up(
    waiting: Matter, founder: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(waiting, colleague, founder)
    monkeypatch.setattr(EmailBackend, "send_messages", die)
    for _ in range(len(PAUSES) + 1):
        with pytest.raises(KeyboardInterrupt):
            send_notices()
        let_pass(LEASE)
    send_notices()
    assert Notice.objects.get().status == NoticeStatus.FAILED
    assert len(mail.outbox) == len(PAUSES) + 1


def test_one_that_cannot_be_worded_keeps_none_behind_it_waiting(
    waiting: Matter, founder: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def word(notice: Notice, decision: Decision | None) -> EmailMessage | None:
        if notice.matter_id == waiting.pk:
            raise KeyError("a fault of ours")
        return word_notice(notice, decision)

    give(waiting, colleague, founder)
    give(rows.gathering(waiting.company, 1, QuestionStatus.AWAITING_FOUNDER), colleague)
    monkeypatch.setattr(notices, "word_notice", word)
    assert told() == [("colleague", ASKED)]
    poisoned = Notice.objects.get(matter=waiting)
    assert (poisoned.status, poisoned.attempts) == (NoticeStatus.PENDING, 1), "it is tried again, in its time"
    monkeypatch.undo()
    let_pass(timedelta(seconds=PAUSES[0]))
    assert told() == [("colleague", ASKED)]


def test_an_upgrade_sends_no_old_mail(waiting: Matter, founder: User, colleague: User) -> None:
    """What died while it was sent before there was a lease."""
    give(waiting, colleague, founder)
    other = rows.gathering(waiting.company, 1, QuestionStatus.AWAITING_FOUNDER)
    give(other, colleague)
    Notice.objects.update(status=NoticeStatus.SENDING, attempts=1)
    Notice.objects.filter(matter=waiting).update(due_at=Now() - timedelta(hours=25))
    with connection.cursor() as cursor:
        cursor.execute(import_module("matters.migrations.0017_notice_lease").NO_OLD_MAIL)
    assert told() == [], "an old worker may still be at it"
    let_pass(LEASE)
    assert told() == [("colleague", ASKED)]
    assert Notice.objects.get(matter=waiting).status == NoticeStatus.FAILED


def test_what_the_mail_server_refuses_is_tried_again_and_keeps_nobody_waiting(
    waiting: Matter, company: Company, founder: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailBackend, messages: list[EmailMessage]) -> int:
        if messages[0].to == [colleague.email]:
            raise smtplib.SMTPRecipientsRefused({colleague.email: (450, b"later")})
        return SEND(self, messages)

    give(waiting, colleague, founder)
    other = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER)
    give(other, founder)
    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", refuse)
        assert told() == [("founder", ASKED)], "what comes behind the one that is refused is sent"
        assert told() == [], "it is not tried at once again"
    let_pass(timedelta(seconds=PAUSES[0] + 1))
    assert told() == [("colleague", ASKED)]


def test_a_mail_server_that_never_takes_it_is_given_up(
    waiting: Matter, founder: User, colleague: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_self: object, _messages: object) -> int:
        raise SMTPServerDisconnected(f"could not send {waiting.questions.get().text}")

    give(waiting, colleague, founder)
    monkeypatch.setattr(EmailBackend, "send_messages", away)
    for pause in (*PAUSES, 0.0):
        send_notices()
        let_pass(timedelta(seconds=pause + 1))
    assert send_notices() == 0
    assert Notice.objects.get().status == NoticeStatus.FAILED
    assert not re.search(r"Question \d", caplog.text), "the question's words are in no log"
