"""The system page shows at a glance what needs an operator, who mends it there."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from companies.models import Company, User
from matters.models import Breaker, Event, LLMCall, Matter, ProcessReport, Step
from matters.services import fail_matter, lock_matter, set_waiting
from matters.states import StepState, WaitingFor
from tests import rows

pytestmark = pytest.mark.django_db
PAGE = "/admin/matters/processreport/"
ERROR = {"code": "stalled", "message": "The model stopped answering.", "retryable": True}


@pytest.fixture
def operator() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.com"))
    return browser


def text_of(browser: Client) -> str:
    response = browser.get(PAGE)
    assert response.status_code == 200
    assert "style=" not in response.content.decode(), "the policy lets no inline style through"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def report(kind: str, pid: int, silence: float, **numbers: object) -> None:
    seen = Now() - timedelta(seconds=silence)
    ProcessReport.objects.create(kind=kind, host="here", pid=pid, started_at=Now(), seen_at=seen, numbers=numbers)


def given_up(company: Company) -> Step:
    matter = rows.submitted(company)
    with transaction.atomic():
        matter.steps.update(state=StepState.DEAD, error=ERROR, attempt=3, finished_at=Now())
        fail_matter(lock_matter(matter.pk), ERROR, "gave up")
    return matter.steps.get()


@pytest.mark.django_db(transaction=True)  # the first page takes its time: no transaction waits
def test_a_killed_worker_is_seen_and_whether_its_work_was_taken_over(operator: Client, company: Company) -> None:
    report("web", 10, 1, open={"websocket": 2, "sse": 1})
    report("worker", 20, 1, steps_running=4)
    report("worker", 21, 60, steps_running=1)
    report("beat", 0, 1)
    step = rows.step_of(rows.submitted(company))
    Step.objects.filter(pk=step.pk).update(state=StepState.RUNNING, due_at=Now() - timedelta(seconds=5))
    text = text_of(operator)
    assert "1 alive, 1 gone" in text
    assert re.search(
        r"worker here:21 gone : said nothing for \d+ s had 1 step in progress; 1 left behind, to be taken over", text
    )
    assert "3 open streams" in text
    Step.objects.filter(pk=step.pk).update(due_at=Now() + timedelta(minutes=1))
    assert "all taken over" in text_of(operator)


def test_a_dead_letter_is_seen_and_goes_on_from_there(operator: Client, company: Company) -> None:
    one, *others = [given_up(company) for _ in range(3)]
    text = text_of(operator)
    assert "Dead letters: 3" in text
    assert "plan_search stalled" in text
    assert one.matter.question not in text, "the page has a founder's words"
    operator.post(PAGE, {"act": "retry", "id": str(one.pk)})
    assert Matter.objects.get(pk=one.matter_id).status == "queued"
    assert "Dead letters: 2" in text_of(operator)
    operator.post(PAGE, {"act": "retry_all"})
    assert "No step gave up" in text_of(operator)
    assert {Matter.objects.get(pk=step.matter_id).status for step in others} == {"queued"}


def test_an_open_breaker_is_seen_and_closed_from_there(operator: Client, company: Company) -> None:
    Breaker.objects.create(key="llm", code="unauthorised", probe_at=Now() + timedelta(minutes=1))
    matter = rows.submitted(company)
    with transaction.atomic():
        set_waiting(lock_matter(matter.pk), WaitingFor.PROVIDER, "the key is refused", ERROR)
    Step.objects.update(due_at=Now() + timedelta(minutes=1))
    assert "llm unauthorised, open for" in text_of(operator)
    operator.post(PAGE, {"act": "close", "id": "llm"})
    assert not Breaker.objects.exists()
    assert Step.objects.filter(due_at__lte=Now()).count() == 1, "what waited for the provider still waits"
    assert "Open breakers" not in text_of(operator)


def test_a_stuck_matter_and_the_depth_of_the_queue_are_seen(operator: Client, company: Company) -> None:
    matter = rows.submitted(company)
    Event.objects.update(at=Now() - timedelta(minutes=16))
    Step.objects.update(due_at=Now() - timedelta(minutes=16))
    text = text_of(operator)
    assert f"unclaimed matter {matter.pk}" in text
    assert re.search(r"plan_search 1 96\d s 0 0", text)


def test_the_last_hour_is_drawn_from_the_rows(operator: Client, company: Company) -> None:
    step = rows.step_of(rows.submitted(company))
    for minutes, outcome in ((5, "ok"), (5, "ok"), (30, "error"), (90, "ok")):
        call = LLMCall.objects.create(
            step=step, matter=step.matter, kind=step.kind, attempt=1, model="m", outcome=outcome, prompt_tokens=50
        )
        LLMCall.objects.filter(pk=call.pk).update(at=Now() - timedelta(minutes=minutes))
    text = text_of(operator)
    assert "Model calls a minute: now 0, at most 2" in text
    assert "Tokens a minute: now 0, at most 100" in text


@pytest.mark.parametrize("value", ["", "x", "9" * 40, "-1"])
def test_a_wish_for_what_is_not_there_changes_nothing(operator: Client, value: str) -> None:
    for act in ("retry", "close", "nothing"):
        assert operator.post(PAGE, {"act": act, "id": value}).status_code == 302


def test_who_may_look_may_not_act_and_others_see_nothing(founder: User) -> None:
    founder.is_staff = True
    founder.save()
    browser = Client()
    browser.force_login(founder)
    assert browser.get(PAGE).status_code == 403
    founder.user_permissions.add(Permission.objects.get(codename="view_processreport"))
    assert "Retry all" not in text_of(browser)
    assert browser.post(PAGE, {"act": "retry_all"}).status_code == 403
