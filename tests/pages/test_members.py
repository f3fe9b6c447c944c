"""Who is in a company: inviting, joining, roles, leaving, removing."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from companies import members
from companies.models import Company, Invitation, Membership, MembershipChange, User
from matters.questions.assigning import assign_question
from matters.services import Submission, submit_matter
from matters.states import MatterStatus, QuestionStatus
from tests.rows import gathering, move

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NEW = "new@acme.example"


@pytest.fixture
def colleague(company: Company) -> User:
    user = User.objects.create_user("colleague@acme.example", PASSWORD)
    Membership.objects.create(company=company, user=user)
    return user


def invited(page: Client, email: str = NEW, role: str = "member") -> str:
    """The path of the link that was sent."""
    page.post("/settings/members/invite/", {"email": email, "role": role})
    found = re.search(r"http://testserver(/invitations/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def role_of(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


def test_whoever_is_invited_signs_up_and_is_a_member_of_that_company(page: Client, company: Company) -> None:
    link, stranger = invited(page, "New@Acme.example"), Client()
    assert NEW in stranger.get(link).content.decode()
    form = stranger.get("/accounts/signup/").content.decode()
    assert 'name="company"' not in form, "who joins a company makes none"
    stranger.post("/accounts/signup/", {"email": NEW, "password1": PASSWORD})
    user = User.objects.get(email=NEW)
    assert [str(found) for found in user.companies.all()] == ["Acme, Inc."]
    assert role_of(user) == "member"
    assert EmailAddress.objects.get(user=user).verified, "the link came to that mailbox"
    assert Client().get(link).status_code == 404, "a link works once"


def test_an_invitation_is_for_its_address_alone(page: Client, founder: User) -> None:
    link, stranger = invited(page), Client()
    stranger.get(link)
    answer = stranger.post("/accounts/signup/", {"email": "other@acme.example", "password1": PASSWORD})
    assert f"The invitation is for {NEW}" in answer.content.decode()
    other = signed_in(User.objects.create_user("other@acme.example", PASSWORD))
    for answer in (other.get(link), other.post(link)):
        assert answer.status_code == 403
        assert "signed in as" in answer.content.decode()
    assert Membership.objects.count() == 1


def test_somebody_with_an_account_joins_by_one_click(page: Client, company: Company) -> None:
    link, user = invited(page, role="owner"), User.objects.create_user(NEW, PASSWORD)
    browser = signed_in(user)
    assert "Join Acme, Inc." in browser.get(link).content.decode()
    assert role_of(user) is None, "to look at it changes nothing"
    assert browser.post(link)["Location"] == "/"
    assert role_of(user) == "owner"


def test_a_link_ends_after_seven_days_with_the_next_one_and_when_it_is_withdrawn(page: Client) -> None:
    first, second = invited(page), invited(page)
    assert Client().get(first).status_code == 404, "the later link takes its place"
    Invitation.objects.update(sent_at=timezone.now() - timedelta(days=7))
    assert Client().get(second).status_code == 404
    page.post(f"/settings/invitations/{Invitation.objects.get().pk}/resend/")
    third = re.findall(r"/invitations/\S+", str(mail.outbox[-1].body))[0]
    assert Client().get(third).status_code == 200
    page.post(f"/settings/invitations/{Invitation.objects.get().pk}/withdraw/")
    assert Client().get(third).status_code == 404


def test_only_the_hash_of_a_link_is_stored(page: Client) -> None:
    token = invited(page).split("/")[2]
    assert token not in str(list(Invitation.objects.values()))


def test_an_address_that_is_none_or_a_members_is_refused_in_words(page: Client, colleague: User) -> None:
    for email, words in (("nobody", "Enter a valid email address"), (colleague.email, "is already a member")):
        answer = page.post("/settings/members/invite/", {"email": email, "role": "member"})
        assert answer.status_code in (400, 409)
        assert words in answer.content.decode()
    assert not mail.outbox


def test_a_mail_server_that_is_away_is_told_and_the_invitation_can_be_sent_again(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    answer = page.post("/settings/members/invite/", {"email": NEW, "role": "member"}, follow=True)
    assert "could not be sent" in answer.content.decode()
    assert NEW in answer.content.decode()


def test_a_member_sees_who_is_there_and_changes_nothing(founder: User, colleague: User) -> None:
    browser, owner = signed_in(colleague), Membership.objects.get(user=founder)
    html = browser.get("/settings/members/").content.decode()
    assert founder.email in html
    assert "Invite" not in html
    for path in ("invite/", f"{owner.pk}/remove/", f"{owner.pk}/role/"):
        assert browser.post(f"/settings/members/{path}", {"email": NEW, "role": "member"}).status_code == 403
    assert "/settings/api-keys/" not in html, "a link is shown that leads nowhere for a member"
    assert browser.get("/settings/api-keys/").status_code == 403
    assert (role_of(founder), role_of(colleague)) == ("owner", "member")


def test_leaving_is_offered_to_who_may_leave(page: Client, colleague: User) -> None:
    def offered(browser: Client) -> bool:
        return "Leave Acme, Inc." in browser.get("/settings/members/").content.decode()

    assert not offered(page), "the only owner can't"
    assert offered(signed_in(colleague))
    Membership.objects.filter(user=colleague).update(role="owner")
    assert offered(page), "there is another owner now"


def test_without_a_mail_server_nobody_is_told_that_an_invitation_was_sent(page: Client, settings: Settings) -> None:
    settings.HAS_MAIL_SERVER = False
    answer = page.post("/settings/members/invite/", {"email": NEW, "role": "member"}, follow=True)
    assert "was sent an invitation" not in answer.content.decode()
    assert "no mail server is set up here (EMAIL_URL)" in answer.content.decode()
    settings.HAS_MAIL_SERVER = True
    answer = page.post("/settings/members/invite/", {"email": NEW, "role": "member"}, follow=True)
    assert f"{NEW} was sent an invitation" in answer.content.decode()


def test_the_last_owner_can_neither_leave_nor_become_a_member(page: Client, founder: User, colleague: User) -> None:
    own = Membership.objects.get(user=founder)
    for path in ("leave/", f"{own.pk}/role/", f"{own.pk}/remove/"):
        answer = page.post(f"/settings/members/{path}", {"role": "member"})
        assert answer.status_code == 409
        assert "Make somebody else an owner first" in answer.content.decode()
    page.post(f"/settings/members/{Membership.objects.get(user=colleague).pk}/role/", {"role": "owner"})
    page.post("/settings/members/leave/")
    assert (role_of(founder), role_of(colleague)) == (None, "owner")


def test_nobody_is_removed_before_the_owner_has_said_that_it_is_meant(page: Client, colleague: User) -> None:
    address = f"/settings/members/{Membership.objects.get(user=colleague).pk}/remove/"
    html = page.get("/settings/members/").content.decode()
    assert f'href="{address}"' in html
    assert f'action="{address}"' not in html, "one click removes somebody"
    asked = page.get(address).content.decode()
    assert f"Remove {colleague.email}?" in asked
    assert '<form method="post" class="buttons">' in asked
    assert role_of(colleague) == "member", "to be asked removes nobody"
    assert signed_in(colleague).get(address).status_code == 403
    page.post(address)
    assert role_of(colleague) is None


def test_who_was_removed_sees_nothing_of_the_company_any_more(page: Client, company: Company, colleague: User) -> None:
    matter, _ = submit_matter(company, Submission(question="May we let our CTO go?"))
    browser = signed_in(colleague)
    assert browser.get(f"/matters/{matter.pk}/").status_code == 200
    page.post(f"/settings/members/{Membership.objects.get(user=colleague).pk}/remove/")
    assert browser.get(f"/matters/{matter.pk}/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_answer_of_somebody_who_left(company: Company, colleague: User) -> None:
    question = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER).questions.get()
    assign_question(question.matter_id, question.pk, colleague.email)
    signed_in(colleague).post("/settings/members/leave/")
    question.refresh_from_db()
    assert question.assigned_to is None
    assert question.matter.events.latest("number").type == "question.updated", "whoever looks at it is told"


@pytest.mark.django_db(transaction=True)
def test_who_leaves_is_asked_no_more_in_a_matter_that_has_ended_and_its_stream_stays_at_its_end(
    company: Company, colleague: User
) -> None:
    question = gathering(company, 1, QuestionStatus.AWAITING_FOUNDER).questions.get()
    assign_question(question.matter_id, question.pk, colleague.email)
    move(question.matter, MatterStatus.CANCELED)
    end = question.matter.events.latest("number").number
    signed_in(colleague).post("/settings/members/leave/")
    question.refresh_from_db()
    assert question.assigned_to is None
    assert question.matter.events.latest("number").number == end


def test_every_change_is_noted_with_who_made_it(page: Client, company: Company, founder: User) -> None:
    link, user = invited(page), User.objects.create_user(NEW, PASSWORD)
    signed_in(user).post(link)
    page.post(f"/settings/members/{Membership.objects.get(user=user).pk}/role/", {"role": "owner"})
    page.post(f"/settings/members/{Membership.objects.get(user=user).pk}/remove/")
    members.invite(company, founder, "x@acme.example", "member")
    page.post(f"/settings/invitations/{company.invitations.get().pk}/withdraw/")
    noted = [(change.by, change.what, change.person, change.role) for change in MembershipChange.objects.order_by("pk")]
    assert noted == [
        (founder.email, "invited", NEW, "member"),
        (NEW, "joined", NEW, "member"),
        (founder.email, "role", NEW, "owner"),
        (founder.email, "removed", NEW, "owner"),
        (founder.email, "invited", "x@acme.example", "member"),
        (founder.email, "withdrawn", "x@acme.example", "member"),
    ]


def test_who_is_in_two_companies_chooses_whose_matters_are_shown(page: Client, founder: User, company: Company) -> None:
    other = Company.objects.create(name="Other, Inc.", slug="other")
    Membership.objects.create(company=other, user=founder)
    foreign = Company.objects.create(name="Foreign, Inc.", slug="foreign")
    submit_matter(company, Submission(question="Asked by Acme"))
    submit_matter(other, Submission(question="Asked by Other"))
    assert "Asked by Acme" in page.get("/").content.decode()
    for wrong in (str(foreign.pk), "", "x\x00"):
        page.post("/settings/company/", {"company": wrong})
        assert "Asked by Acme" in page.get("/").content.decode()
    page.post("/settings/company/", {"company": str(other.pk)})
    html = page.get("/").content.decode()
    assert "Asked by Other" in html
    assert "Asked by Acme" not in html
    Membership.objects.filter(company=other).delete()
    assert "Asked by Acme" in page.get("/").content.decode(), "a choice is good only while one is a member"


def test_a_key_is_shown_once_opens_the_api_and_can_be_revoked(page: Client) -> None:
    html = page.post("/settings/api-keys/", {"scopes": ["read"]}, follow=True).content.decode()
    token = re.findall(r"ms_[\w-]{40,}", html)[0]
    program = Client(headers={"Authorization": f"Bearer {token}"})
    assert program.get("/api/v1/matters").status_code == 200
    assert program.post("/api/v1/matters", {"question": "How?"}, "application/json").status_code == 403
    shown = page.get("/settings/api-keys/").content.decode()
    assert token not in shown, "a reload shows it again"
    page.post(re.findall(r"/settings/api-keys/\d+/revoke/", shown)[0])
    assert program.get("/api/v1/matters").status_code == 401


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "admin"]])
def test_a_founder_makes_no_key_for_what_is_over_all_companies(page: Client, scopes: list[str]) -> None:
    answer = page.post("/settings/api-keys/", {"scopes": scopes})
    assert answer.status_code == 400
    assert "ms_" not in answer.content.decode()
