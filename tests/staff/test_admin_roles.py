"""Every address of the admin, for everybody: who comes in, who does not, and who sees no content."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from advice.models import Attempt
from companies.models import Company, ContentReading, User
from matters.models import Breaker, LLMCallText, Matter, Step
from matters.services import fail_matter, lock_matter
from matters.states import StepState
from tests import rows
from tests.api.test_admin import rows as every_row
from tests.staff.conftest import Staff

__all__ = ["every_row"]
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("admin roles")]
ROLES = ("nobody", "support", "operator", "reviewer", "superuser")
ALL, NONE, SUPER = frozenset(ROLES), frozenset[str](), frozenset({"superuser"})
GROUPED = frozenset({"support", "operator", "reviewer", "superuser"})
REVIEWERS, OPERATORS, SUPPORT = (SUPER | {role} for role in ("reviewer", "operator", "support"))
# Whose list opens; the page of a row opens for the same people.
LISTS = {
    "companies.company": GROUPED, "matters.matter": GROUPED, "matters.step": GROUPED, "matters.llmcall": GROUPED,
    "matters.providercall": GROUPED, "matters.delivery": GROUPED, "matters.batch": GROUPED,
    "companies.connection": GROUPED, "companies.webhookendpoint": GROUPED, "companies.spending": GROUPED,
    "advice.deskitem": REVIEWERS, "advice.attempt": REVIEWERS, "advice.check": REVIEWERS, "advice.review": REVIEWERS,
    "advice.sharelink": REVIEWERS, "advice.feedback": REVIEWERS,
    "matters.question": REVIEWERS, "matters.fact": REVIEWERS,
    "matters.event": REVIEWERS, "matters.companyfact": REVIEWERS, "documents.document": REVIEWERS,
    "playbooks.playbook": REVIEWERS | OPERATORS, "playbooks.playbookversion": REVIEWERS | OPERATORS,
    "matters.deadletter": OPERATORS, "matters.breaker": OPERATORS, "companies.staffnotice": OPERATORS,
    "matters.processreport": OPERATORS,
    "companies.membership": SUPPORT, "companies.user": SUPPORT, "companies.invitation": SUPPORT,
    "companies.membershipchange": SUPPORT, "companies.apikey": SUPPORT, "mfa.authenticator": SUPPORT,
}  # fmt: skip
_EVERYBODY = {
    "index",
    "password_change",
    "password_change_done",
    "jsi18n",
    "login",
    "logout",
    "autocomplete",
    "view_on_site",
}
_OWN = {"advice_deskitem_act", "advice_deskitem_edit", "advice_deskitem_badge", "auth_user_password_change"}


def allowed(model: type[Model], view: str) -> frozenset[str]:
    """Who may open a page of `model`."""
    reading = LISTS.get(model._meta.label_lower, SUPER)
    return reading if view in ("changelist", "change", "history") else SUPER


def addresses() -> Iterator[tuple[str, type[Model], str]]:
    """Name, model and view of every address that a model has in the admin."""
    for model in admin.site._registry:
        for view in ("changelist", "add", "change", "history", "delete"):
            yield f"{model._meta.app_label}_{model._meta.model_name}_{view}", model, view


def named(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def test_every_address_of_the_admin_is_in_this_table() -> None:
    (mounted,) = (p for p in get_resolver().url_patterns if getattr(p, "app_name", "") == "admin")
    assert isinstance(mounted, URLResolver)
    known = {name for name, _, _ in addresses()} | _EVERYBODY | _OWN | {"app_list"}
    assert set(named(mounted.url_patterns)) == known


def path_of(name: str, model: type[Model], view: str) -> str | None:
    """The address, with the id of a row where it wants one; None where there is none to look at."""
    if view in ("changelist", "add"):
        return reverse(f"admin:{name}")
    queryset = admin.site._registry[model].get_queryset(_Request())  # type: ignore[arg-type]
    row = queryset.first()
    return reverse(f"admin:{name}", args=[row.pk]) if row else None


class _Request:
    """What a ModelAdmin asks of a request for its queryset."""

    GET: dict[str, Any] = {}
    user = User(is_superuser=True)


@pytest.mark.parametrize("role", [*ROLES, "founder", "anonymous"])
def test_each_page_opens_for_those_alone_who_may(role: str, staff: Staff, every_row: None, founder: User) -> None:
    browser = Client() if role in ("founder", "anonymous") else staff(role)
    if role == "founder":
        browser.force_login(founder)
    wrong = []
    for name, model, view in addresses():
        if view == "history" and role not in (
            "reviewer",
            "superuser",
        ):  # Django asks for the right that `change` asks for
            continue
        path = path_of(name, model, view)
        if path is None:
            continue
        response = browser.get(path)
        expected = {"founder": (302,), "anonymous": (302,)}.get(role) or _expected(role, model, view)
        if response.status_code not in expected:
            wrong.append(f"{name}: {response.status_code}, not {expected}")
    assert not wrong, "\n".join(wrong)


def _expected(role: str, model: type[Model], view: str) -> tuple[int, ...]:
    if role not in allowed(model, view):
        return (403,)
    return (200,) if view in ("changelist", "change", "history") else (200, 403)  # much may be added by nobody


@pytest.mark.parametrize("role", [*ROLES, "anonymous"])
def test_only_reviewers_act_at_the_desk(role: str, staff: Staff, attempt: Attempt) -> None:
    browser = Client() if role == "anonymous" else staff(role)
    here = {name: reverse(f"admin:advice_deskitem_{name}", args=[attempt.pk]) for name in ("act", "edit", "badge")}
    answers = (
        browser.post(here["act"], {"act": "take"}).status_code,
        browser.get(here["edit"]).status_code,
        browser.get(here["badge"]).status_code,
    )
    if role in REVIEWERS:
        assert answers == (302, 200, 404), "there is no badge yet"
    else:
        assert answers == ((302,) if role == "anonymous" else (403,)) * 3
        assert not attempt.matter.attempts.filter(review__isnull=False).exists()


CANARY = "Zaunkoenig"


@pytest.mark.parametrize("role", ["nobody", "support", "operator"])
def test_who_may_not_read_content_finds_no_word_of_it_and_leaves_no_line(
    role: str, staff: Staff, attempt: Attempt
) -> None:
    matter = attempt.matter
    Matter.objects.filter(pk=matter.pk).update(
        question=CANARY, title=CANARY, metadata={"a": CANARY}, people={"rippling": {"name": CANARY}}, webhook_url=CANARY
    )
    Step.objects.update(payload={"a": CANARY}, result={"a": CANARY}, state=StepState.DEAD, error={"message": "Away."})
    rows.append(rows.begun(rows.advising(matter.company)), CANARY)
    call = matter.calls.create(step=rows.step_of(matter), kind="plan_search", attempt=1, model="m", outcome="ok")
    LLMCallText.objects.create(call=call, prompt=json.dumps([{"role": "user", "content": CANARY}]), reply=CANARY)
    Breaker.objects.create(key="llm", code="unauthorised", detail=CANARY, probe_at=timezone.now())
    browser = staff(role)
    for name, model, view in addresses():
        if view in ("changelist", "change", "history") and (path := path_of(name, model, view)):
            found = browser.get(path).content.decode()
            assert CANARY not in found, f"{name} shows content to {role}"
    for words in ({"question": ""}, {"title": ""}):  # found by the other one alone
        Matter.objects.filter(pk=matter.pk).update(question=CANARY, title=CANARY)
        Matter.objects.filter(pk=matter.pk).update(**words)
        found = browser.get(reverse("admin:matters_matter_changelist"), {"q": CANARY}).content.decode()
        assert not re.search(r"\b1 (result|matter)", found), "a search tells what a matter says"
    assert not ContentReading.objects.exists()


def test_what_a_provider_said_is_shown_with_its_breaker_to_who_may_read_content(staff: Staff) -> None:
    Breaker.objects.create(key="llm", code="unauthorised", detail=CANARY, probe_at=timezone.now())
    operator, superuser = staff("operator"), staff("superuser")
    for path in (reverse("admin:matters_breaker_changelist"), reverse("admin:matters_breaker_change", args=["llm"])):
        assert "unauthorised" in operator.get(path).content.decode()
        assert CANARY in superuser.get(path).content.decode()
    assert ContentReading.objects.count() == 2, "who read it left no line"


ACTIONS = [("matters_matter", "retry"), ("matters_matter", "stop"), ("matters_deadletter", "retry"),
           ("matters_deadletter", "discard"), ("advice_deskitem", "take"), ("advice_deskitem", "reassign"),
           ("companies_apikey", "revoke")]  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_each_action_is_offered_to_those_alone_who_may(role: str, staff: Staff, every_row: None) -> None:
    may = {"matters": OPERATORS, "advice": REVIEWERS, "companies": SUPER}
    browser = staff(role)
    for model, action in ACTIONS:
        page = browser.get(reverse(f"admin:{model}_changelist")).content.decode()
        offered = f'value="{action}"' in page
        assert offered == (role in may[model.partition("_")[0]]), f"{action} of {model} for {role}"


def test_dead_letters_are_shown_with_their_error_and_go_on_by_retry(staff: Staff, company: Company) -> None:
    matter, error = rows.submitted(company), {"code": "unauthorised", "message": "The key was refused."}
    with transaction.atomic():
        Step.objects.update(state=StepState.DEAD, error=error)
        fail_matter(lock_matter(matter.pk), error | {"retryable": True}, "failed by a test")
    operator, letters = staff("operator"), reverse("admin:matters_deadletter_changelist")
    shown = operator.get(letters).content.decode()
    assert "The key was refused." in shown
    assert "unauthorised" in shown
    ids = list(Step.objects.values_list("pk", flat=True))
    said = operator.post(letters, {"action": "retry", "_selected_action": ids}, follow=True).content.decode()
    assert f"Matter {matter.pk} goes on." in said
    matter.refresh_from_db()
    assert matter.status == "queued"
    matters = reverse("admin:matters_matter_changelist")
    stopped = operator.post(matters, {"action": "stop", "_selected_action": [str(matter.pk)]}, follow=True)
    assert "is stopped" in stopped.content.decode()
    assert "0 dead letters" in operator.get(letters).content.decode()


def test_a_second_factor_can_be_demanded_of_staff(staff: Staff, settings: Settings) -> None:
    browser = staff("superuser")
    settings.STAFF_MFA_REQUIRED = True
    led = browser.get("/admin/matters/matter/", follow=True)
    assert led.redirect_chain[-1][0] == reverse("mfa_index")
    assert "Staff need a second factor" in led.content.decode()
    user = User.objects.get(email="superuser@staff.example")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert browser.get("/admin/matters/matter/").status_code == 200
