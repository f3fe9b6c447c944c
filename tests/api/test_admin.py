"""Every list and every detail page of the admin opens; what the ledger rests on can't be edited there."""

from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from advice.feedback import give_feedback
from advice.models import AttemptStatus, Check, Chunk, ReviewComment
from advice.review import desk
from advice.sharing.links import share_attempt
from companies.connections import Connection, Method, Provider
from companies.encryption import Sealed
from companies.members import invite
from companies.models import (
    ApiKey,
    Company,
    ContentReading,
    MembershipChange,
    Spending,
    StaffNotice,
    User,
    WebhookEndpoint,
    WebhookSecret,
)
from documents.models import DocumentContent, DocumentPage
from documents.services import attach_document
from matters.models import (
    Batch,
    BatchItem,
    Breaker,
    CachedReply,
    CompanyFact,
    CompanyFactEntry,
    Delivery,
    Event,
    Fact,
    IdempotencyRecord,
    LLMCall,
    LLMCallText,
    Matter,
    Notice,
    Presence,
    ProcessReport,
    ProviderCall,
    Step,
)
from matters.states import QuestionStatus, StepState
from playbooks.loading import LIBRARY, load_file
from playbooks.models import Section
from tests.disputes import disputed
from tests.rows import advising, append, begun, ended, gathering, submitted

pytestmark = pytest.mark.django_db
APPS = ("companies", "playbooks", "matters", "documents", "advice")
# An attempt's page shows its chunks, a version's its sections, a company's fact its entries; the admin takes no key of
# two columns. What a document says is shown to its company alone, who looks at a matter to nobody, and what a model was
# told at the review desk alone.
WITHOUT_PAGES = {
    Chunk, Section, ReviewComment, CompanyFactEntry, BatchItem, DocumentContent, DocumentPage, Presence,
    LLMCallText,
}  # fmt: skip


@pytest.fixture
def staff() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.com"))
    return browser


@pytest.fixture
def rows(company: Company, founder: User) -> None:
    """At least one row of every model."""
    load_file(next(iter(sorted(LIBRARY.glob("*.md")))))
    ApiKey.issue(company, ["read"])
    invite(company, founder, "invited@example.com", "member")
    WebhookEndpoint.objects.create(
        company=company, url="https://8.8.8.8/", events=["matter.updated"], secret=Sealed.of("whsec_a")
    )
    WebhookSecret.of(company)
    Connection.objects.create(
        company=company, provider=Provider.RIPPLING, method=Method.API_TOKEN, credentials=Sealed.of("token")
    )
    Batch.objects.create(company=company)
    dead = submitted(company)
    Step.objects.filter(matter=dead).update(state=StepState.DEAD, error={"code": "x", "message": "It broke."})
    matter = gathering(company, 2, QuestionStatus.AWAITING_FOUNDER)
    question, step = matter.questions.all()[0], matter.steps.all()[0]
    Fact.objects.create(matter=matter, question=question, key="a", value="<script>alert(1)</script>", source="founder")
    disputed(company)
    times = {"due_at": timezone.now(), "created_at": timezone.now()}
    Notice.objects.create(matter=matter, user=founder, kind="ready", occasion="1", **times)
    LLMCall.objects.create(step=step, matter=matter, kind=step.kind, attempt=1, model="m", outcome="ok")
    ProviderCall.objects.create(
        matter=matter, step=step, provider="rippling", operation="workers", status=200, latency_ms=9, record_ids=["a"]
    )
    ProcessReport.objects.create(kind="web", started_at=timezone.now(), seen_at=timezone.now())
    StaffNotice.objects.create(kind="dead letter", sent_at=timezone.now())
    Spending.objects.create(company=company, day=timezone.now())
    CachedReply.objects.create(company=company, sha256="0" * 64, text="{}", expires_at=timezone.now())
    Breaker.objects.create(key="llm", code="unauthorised", probe_at=timezone.now())
    IdempotencyRecord.objects.create(company=company, key="k", body_sha256="0" * 64, status=202, body={})
    writing = begun(advising(company))
    append(writing, "Chunks that are not folded yet.")
    Check.objects.create(attempt=writing, start=0, end=6, verdict="supported")
    done = begun(advising(company))
    append(done, "The whole text.")
    share_attempt(ended(done, AttemptStatus.COMPLETE), days=1, facts=True, by=founder)
    give_feedback(done, helpful=False, reason="It forgot Nevada.", by=founder)
    desk.take(done.pk, founder)
    ContentReading.objects.create(by="staff@example.com", what="matter", object_id=str(done.matter_id))
    with TemporaryFile() as file:
        file.write(b"<script>alert(1)</script> was agreed.")
        file.flush()
        attach_document(matter.pk, file, "agreement.txt")


def models() -> Iterator[type[Model]]:
    for label in APPS:
        yield from apps.get_app_config(label).get_models()


def test_every_model_has_its_pages() -> None:
    registered = {model for model in models() if admin.site.is_registered(model)}
    automatic = {model for model in models() if "Event" in model.__name__ and model is not Event}
    assert set(models()) - automatic - WITHOUT_PAGES == registered - automatic


def test_every_list_and_every_row_opens(staff: Client, rows: None) -> None:
    for model in models():
        if not admin.site.is_registered(model):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = staff.get(
            reverse(f"{name}_changelist"), {"q": "a"} if admin.site._registry[model].search_fields else {}
        )
        assert listed.status_code == 200, f"the list of {model.__name__}"
        listed_rows = admin.site._registry[model].get_queryset(listed.wsgi_request)
        assert listed_rows.exists(), f"there is a {model.__name__} to look at"
        for row in listed_rows[:3]:
            shown = staff.get(reverse(f"{name}_change", args=[row.pk]))
            assert shown.status_code == 200, f"the page of {row}"
            assert b"<script>alert" not in shown.content


@pytest.mark.parametrize(
    "model",
    [Matter, Step, Event, LLMCall, IdempotencyRecord, Fact, CompanyFact, Check, Delivery, MembershipChange],
)
def test_nothing_of_the_ledger_can_be_edited(staff: Client, rows: None, model: type[Model]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.all()[0]
    assert staff.post(reverse(f"{name}_change", args=[row.pk]), {"status": "advised"}).status_code == 403
    assert staff.get(reverse(f"{name}_add")).status_code == 403
    assert staff.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_an_attempts_page_shows_its_text(staff: Client, rows: None) -> None:
    for attempt, text in zip(advice_attempts(), ("Chunks that are not folded yet.", "The whole text."), strict=True):
        assert text in staff.get(reverse("admin:advice_attempt_change", args=[attempt])).content.decode()


def advice_attempts() -> list[int]:
    return list(apps.get_model("advice.Attempt").objects.order_by("pk").values_list("pk", flat=True))


def test_staff_may_retry_matters_and_are_told_what_cannot_be_retried(staff: Client, rows: None) -> None:
    url = reverse("admin:matters_matter_changelist")
    data = {"action": "retry", "_selected_action": [str(pk) for pk in Matter.objects.values_list("pk", flat=True)]}
    page = staff.post(url, data, follow=True).content.decode()
    assert "Only a matter that failed can be retried" in page


def test_others_do_not_come_in(page: Client) -> None:
    assert page.get("/admin/").status_code == 302
