"""Who belongs to a company, and how that changes. Whoever changes it locks the company's row first."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.text import slugify

from companies.models import Company, Invitation, Membership, MembershipChange, User, hash_token

What, Role = MembershipChange.What, Membership.Role
OPEN_INVITATIONS = 50  # of a company at once
membership_ended = Signal()  # company, user: for what a person had there


class ChangeRefused(Exception):
    """The change can't be made; the message says what to do."""


def create_company(name: str, owner: User) -> Company:
    """A new company whose only member is `owner`. Its slug is made of the name."""
    slug = slugify(name)[:40].strip("-") or "company"
    with transaction.atomic():
        company, is_new = Company.objects.get_or_create(slug=slug, defaults={"name": name})
        if not is_new:  # somebody has that slug, perhaps since a moment
            company = Company.objects.create(name=name, slug=f"{slug}-{secrets.token_hex(4)}")
        Membership.objects.create(company=company, user=owner, role=Role.OWNER)
        _note(company, owner, What.CREATED, owner.email, Role.OWNER)
    return company


def invite(company: Company, by: User, email: str, role: str) -> str:
    """Invite `email`, or once more: an earlier link ends. Returns the link's token. Raises ChangeRefused."""
    token, email = secrets.token_urlsafe(32), email.lower()
    with _locked(company):
        if company.memberships.filter(user__email=email).exists():
            raise ChangeRefused(f"{email} is already a member.")
        if company.invitations.exclude(email=email).count() >= OPEN_INVITATIONS:
            raise ChangeRefused(f"{OPEN_INVITATIONS} invitations are open. Withdraw some that you no longer need.")
        fields = {"role": role, "sha256": hash_token(token), "sent_at": timezone.now()}
        Invitation.objects.update_or_create(company=company, email=email, defaults=fields)
        _note(company, by, What.INVITED, email, role)
    return token


def withdraw(invitation: Invitation, by: User) -> None:
    """End an invitation: its link opens nothing any more."""
    with _locked(invitation.company):
        invitation.delete()
        _note(invitation.company, by, What.WITHDRAWN, invitation.email, invitation.role)


def find_invitation(token: str) -> Invitation | None:
    """The invitation that a link's `token` opens; None where there is none, or where its seven days are over."""
    since = timezone.now() - Invitation.LIVES
    stands = Invitation.objects.select_related("company").filter(sent_at__gt=since)
    return stands.filter(sha256=hash_token(token)).first()


def accept(token: str, user: User) -> Company:
    """Make `user` a member by the link sent to them. Raises ChangeRefused for others, and for a link that ended."""
    company = _standing(token).company
    with _locked(company):
        found = _standing(token)  # it may have been withdrawn while the company was waited for
        if found.email != user.email:
            raise ChangeRefused(f"This invitation is for {found.email}, and you are signed in as {user.email}.")
        _, joined = Membership.objects.get_or_create(company=company, user=user, defaults={"role": found.role})
        if joined:
            _note(company, user, What.JOINED, user.email, found.role)
        found.delete()
    return company


def _standing(token: str) -> Invitation:
    if (found := find_invitation(token)) is None:
        raise ChangeRefused("This invitation is no longer valid. Ask for a new one.")
    return found


def add(member: Membership, by: User) -> None:
    """Make somebody a member without an invitation, as staff do: `member` is not saved yet."""
    with _locked(member.company):
        member.save()
        _note(member.company, by, What.JOINED, member.user.email, member.role)


def change_role(member: Membership, by: User, role: str) -> None:
    """Make a member an owner, or an owner a member. Raises ChangeRefused for the last owner."""
    with _locked(member.company):
        if role != Role.OWNER:
            _keep_an_owner(member)
        if Membership.objects.filter(pk=member.pk).exclude(role=role).update(role=role):
            _note(member.company, by, What.ROLE, member.user.email, role)


def remove(member: Membership, by: User) -> None:
    """End a membership; `advice.doorkeeper` closes what they have open. Raises ChangeRefused for the last owner."""
    with _locked(member.company):
        _keep_an_owner(member)
        person, role = member.user, member.role
        if Membership.objects.filter(pk=member.pk).delete()[0]:
            _note(member.company, by, What.LEFT if person == by else What.REMOVED, person.email, role)
            # Afterwards: who hears of it locks matters, and those who lock matters may wait for the company.
            # What they can't do is in the log, and beat's: the membership has ended, and is answered so.
            tell = partial(membership_ended.send_robust, Membership, company=member.company, user=person)
            transaction.on_commit(tell)


def is_only_owner(user: User, company: Company) -> bool:
    """Whether the company would have no owner without `user`."""
    owners = company.memberships.filter(role=Role.OWNER).values_list("user", flat=True)
    return list(owners) == [user.pk]


@contextmanager
def _locked(company: Company) -> Iterator[None]:
    """Two owners who remove each other at once: the second one waits, and finds one owner."""
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        yield


def _keep_an_owner(member: Membership) -> None:
    if is_only_owner(member.user, member.company):
        raise ChangeRefused(
            f"Make somebody else an owner first: {member.user} is the only one that {member.company} has."
        )


def _note(company: Company, by: User, what: str, person: str, role: str) -> None:
    MembershipChange.objects.create(company=company, by=by.email, what=what, person=person, role=role)
