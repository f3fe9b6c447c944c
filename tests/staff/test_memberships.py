"""What staff change about a company's members in the admin: as its owners would, and noted like it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from companies.members import membership_ended
from companies.models import Company, Membership, MembershipChange, User
from matters.questions.assigning import assign_question
from matters.states import QuestionStatus
from tests import rows
from tests.staff.conftest import Staff

pytestmark = pytest.mark.django_db
STAFF = "superuser@staff.example"


@pytest.fixture
def browser(staff: Staff) -> Client:
    return staff("superuser")


@pytest.fixture
def only_owner(founder: User) -> Membership:
    return Membership.objects.get(user=founder)


@pytest.fixture
def colleague(company: Company) -> Membership:
    user = User.objects.create_user("colleague@acme.example")
    return Membership.objects.create(company=company, user=user)


def address(view: str, row: Membership | User | Company | None = None) -> str:
    model = "membership" if row is None else row._meta.model_name
    return reverse(f"admin:companies_{model}_{view}", args=[row.pk] if row else [])


def delete(browser: Client, row: Membership | User | Company) -> str:
    return browser.post(address("delete", row), {"post": "yes"}, follow=True).content.decode()


def delete_selected(browser: Client, *selected: Membership | User | Company) -> str:
    where = reverse(f"admin:companies_{selected[0]._meta.model_name}_changelist")
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in selected], "post": "yes"}
    return browser.post(where, data, follow=True).content.decode()


def noted() -> list[tuple[str, str, str, str]]:
    return [(change.by, change.what, change.person, change.role) for change in MembershipChange.objects.order_by("pk")]


@pytest.mark.parametrize("change", ["role", "delete", "delete selected"])
def test_the_only_owner_stays_one_and_staff_are_told_what_to_do(
    browser: Client, only_owner: Membership, colleague: Membership, change: str
) -> None:
    if change == "role":
        said = browser.post(address("change", only_owner), {"role": "member"}, follow=True).content.decode()
    elif change == "delete":
        said = delete(browser, only_owner)
    else:
        said = delete_selected(browser, colleague, only_owner)
    assert "Make somebody else an owner first: founder@acme.example is the only one that Acme, Inc. has." in said
    assert "successfully" not in said
    only_owner.refresh_from_db()
    assert only_owner.role == "owner", "the company has no owner"
    assert Membership.objects.filter(pk=colleague.pk).exists(), "half of what was refused is done"
    assert not MembershipChange.objects.exists(), "what was refused is noted"
    assert not LogEntry.objects.exists(), "what was refused is in the admin's log"


def test_every_change_is_noted_with_the_member_of_staff_who_made_it(
    browser: Client, company: Company, only_owner: Membership, colleague: Membership
) -> None:
    new = User.objects.create_user("new@acme.example")
    browser.post(address("add"), {"company": company.pk, "user": new.pk, "role": "member"})
    browser.post(address("change", colleague), {"role": "owner"})
    browser.post(address("change", colleague), {"role": "owner"})
    browser.post(address("change", only_owner), {"role": "member"})
    delete(browser, only_owner)
    delete_selected(browser, Membership.objects.get(user=new))
    assert noted() == [
        (STAFF, "joined", "new@acme.example", "member"),
        (STAFF, "role", "colleague@acme.example", "owner"),
        (STAFF, "role", "founder@acme.example", "member"),
        (STAFF, "removed", "founder@acme.example", "member"),
        (STAFF, "removed", "new@acme.example", "member"),
    ]
    assert list(company.memberships.values_list("user__email", "role")) == [("colleague@acme.example", "owner")]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_answer_of_somebody_whom_staff_removed(
    browser: Client, company: Company, only_owner: Membership, colleague: Membership
) -> None:
    question = rows.gathering(company, 1, QuestionStatus.AWAITING_FOUNDER).questions.get()
    assign_question(question.matter_id, question.pk, colleague.user.email)
    delete(browser, colleague)
    question.refresh_from_db()
    assert question.assigned_to is None
    assert question.matter.events.latest("number").type == "question.updated", "whoever looks at it is told"


@pytest.mark.django_db(transaction=True)
def test_whoever_hears_of_an_end_made_by_staff_keeps_no_company_locked(
    browser: Client, only_owner: Membership, colleague: Membership
) -> None:
    in_transaction = []

    def hear(**_sent: object) -> None:
        in_transaction.append(connection.in_atomic_block)

    membership_ended.connect(hear)
    try:
        delete_selected(browser, colleague)
    finally:
        membership_ended.disconnect(hear)
    assert in_transaction == [False], "matters are waited for while the company is locked"


def test_a_membership_moves_to_no_other_company_and_to_no_other_person(
    browser: Client, only_owner: Membership, colleague: Membership
) -> None:
    other = Company.objects.create(name="Other, Inc.", slug="other")
    data = {"company": other.pk, "user": User.objects.get(email=STAFF).pk, "role": "owner"}
    browser.post(address("change", only_owner), data)
    moved = Membership.objects.get(pk=only_owner.pk)
    assert (moved.company, moved.user) == (only_owner.company, only_owner.user)


def test_the_page_of_a_company_changes_no_membership(browser: Client, company: Company, only_owner: Membership) -> None:
    page = browser.get(address("change", company)).content.decode()
    assert address("change", only_owner) in page, "staff do not find where it is changed"
    inline = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 1, "0-id": only_owner.pk, "0-company": company.pk,
              "0-user": only_owner.user.pk, "0-role": "member", "0-DELETE": "on"}  # fmt: skip
    fields = {"name": "Acme Robotics", "slug": "acme", "tier": "pro"}
    browser.post(address("change", company), fields | {f"memberships-{name}": value for name, value in inline.items()})
    assert Company.objects.get().name == "Acme Robotics", "the company itself can't be changed any more"
    assert Membership.objects.get().role == "owner"


@pytest.mark.parametrize("selected", [False, True])
def test_the_account_of_a_member_is_not_deleted_before_the_membership_is(
    browser: Client, only_owner: Membership, colleague: Membership, selected: bool
) -> None:
    said = delete_selected(browser, only_owner.user) if selected else delete(browser, only_owner.user)
    assert "Delete the memberships below first" in said
    assert address("change", only_owner) in said, "staff do not find which"
    assert User.objects.filter(pk=only_owner.user.pk).exists()
    assert Membership.objects.filter(pk=only_owner.pk).exists(), "the company has no owner"
    delete(browser, colleague)
    assert "was deleted successfully" in delete(browser, colleague.user)
    assert noted() == [(STAFF, "removed", "colleague@acme.example", "member")], "the record went with the account"


def test_a_company_is_deleted_with_its_only_owners_membership_and_the_record_of_its_members(
    browser: Client, company: Company, only_owner: Membership, colleague: Membership
) -> None:
    browser.post(address("change", colleague), {"role": "owner"})
    browser.post(address("change", colleague), {"role": "member"})
    assert "was deleted successfully" in delete(browser, company)
    assert not Company.objects.exists()
    assert User.objects.filter(pk=only_owner.user.pk).exists()


@pytest.mark.parametrize("selected", [False, True])
def test_a_company_with_matters_is_not_deleted_and_nothing_of_them_is_read_to_say_so(
    browser: Client, company: Company, only_owner: Membership, selected: bool
) -> None:
    rows.submitted(company)
    other = Company.objects.create(name="Beta", slug="beta")
    with CaptureQueriesContext(connection) as queries:
        said = delete_selected(browser, company, other) if selected else delete(browser, company)
    assert "<li>the matters of Acme, Inc.</li>" in said
    assert "successfully" not in said
    assert Company.objects.count() == 2
    asked = [query["sql"] for query in queries if "matters_" in query["sql"]]
    assert len(asked) == 1, "more is read than whether there are matters"
    assert "EXISTS" in asked[0]
    assert "was deleted successfully" in delete(browser, other), "a company without matters stays, too"
