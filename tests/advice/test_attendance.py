"""Whoever has a matter's page open is noted as being there, and as gone once they have left."""

import asyncio
from functools import partial
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from advice import doorkeeper as doorkeeper_module
from advice.attendance import Attendance
from advice.doorkeeper import Doorkeeper
from companies.authentication import Principal
from companies.models import User, hash_token
from matters.models import Matter, Presence
from tests.advice.conftest import Loop
from tests.processes import wait_until
from tests.threads import with_own_connection


def is_there(user: User) -> bool:
    return Presence.objects.filter(user=user, seen_until__gt=timezone.now()).exists()


def test_an_open_stream_keeps_its_reader_there_until_it_is_closed(
    loop: Loop, matter: Matter, founder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper_module, "LOOK_SECONDS", 0.02)
    client = Client()
    client.force_login(founder)
    session = ("session", client.session.session_key or "")
    keeper = Doorkeeper()
    reader = Principal((matter.company_id,), frozenset({"read"}), session, founder.pk, hash_token(founder.password))

    def until(there: bool) -> None:
        wait_until(lambda: is_there(founder) == there, f"the founder is noted as there: {there}")

    async def read_and_leave() -> None:
        with keeper.admitted(reader, matter.pk, "sse"):
            await asyncio.to_thread(with_own_connection, partial(until, True))
        await asyncio.to_thread(with_own_connection, partial(until, False))

    loop.run(read_and_leave())


def test_a_second_look_writes_nothing_and_a_matter_that_is_gone_breaks_nothing(
    loop: Loop, matter: Matter, founder: User
) -> None:
    attendance, here = Attendance(), {(matter.pk, founder.pk), (uuid4(), founder.pk), (matter.pk, 10**9)}
    loop.run(attendance.look(here))
    before = Presence.objects.get().seen_until
    loop.run(attendance.look(here))
    assert Presence.objects.get().seen_until == before
    loop.run(attendance.look(set()))
    assert not is_there(founder)
