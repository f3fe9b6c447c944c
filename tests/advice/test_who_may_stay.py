"""Whose open streams are closed: those who would not be let in again."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from advice.access import Guest, who_may_stay
from companies.models import ApiKey, Company, Membership, User, hash_token
from matters.models import Matter
from tests.advice.conftest import Loop


@pytest.fixture
def by_session(loop: Loop, matter: Matter, founder: User) -> Guest:
    client = Client()
    client.force_login(founder)
    session = client.session.session_key
    assert session
    return Guest(("session", session), founder.pk, matter.pk, hash_token(founder.password))


@pytest.fixture
def by_key(loop: Loop, matter: Matter, api_key: str) -> Guest:
    return Guest(("key", hash_token(api_key)), None, matter.pk)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another horse battery")
    user.save()


def remove_membership(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def move_to_another_company(user: User) -> None:
    Membership.objects.filter(user=user).update(company=Company.objects.create(name="Other", slug="other"))


@pytest.mark.parametrize("lose", [deactivate, change_password, remove_membership, move_to_another_company])
def test_who_lost_the_right_to_read_must_go_and_the_others_stay(
    loop: Loop, by_session: Guest, by_key: Guest, founder: User, lose: Callable[[User], None]
) -> None:
    assert loop.run(who_may_stay([by_session, by_key])) == {by_session, by_key}
    lose(founder)
    assert loop.run(who_may_stay([by_session, by_key])) == {by_key}


def test_a_key_that_may_not_read_any_more_must_go(loop: Loop, by_key: Guest) -> None:
    ApiKey.objects.update(scopes=["write"])
    assert loop.run(who_may_stay([by_key])) == set()


def test_a_key_of_another_company_must_go(loop: Loop, by_key: Guest) -> None:
    ApiKey.objects.update(company=Company.objects.create(name="Other", slug="other"))
    assert loop.run(who_may_stay([by_key])) == set()


def test_a_matter_that_is_gone_shuts_nobody_out(loop: Loop, by_session: Guest, by_key: Guest) -> None:
    guests = {by_session._replace(matter=uuid4()), by_key._replace(matter=uuid4())}
    assert loop.run(who_may_stay(list(guests))) == guests
