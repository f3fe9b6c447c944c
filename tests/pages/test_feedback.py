"""Thumbs: what people think of an advice, kept for staff beside the attempt that they read."""

import pytest
from django.test import Client

from advice.models import Feedback
from companies.models import User
from matters.models import Matter
from tests.pages.conftest import Write

pytestmark = pytest.mark.django_db


def say(page: Client, matter: Matter, **fields: str) -> int:
    data = {"version": "1", "attempt": "1", "helpful": "yes"} | fields
    return page.post(f"/matters/{matter.pk}/feedback/", data).status_code


def test_a_thumb_and_its_reason_are_kept_shown_and_can_be_changed(
    page: Client, matter: Matter, write: Write, founder: User
) -> None:
    attempt = write("Pay at once [P1].")
    assert say(page, matter, helpful="no", reason="It forgot Nevada.") == 302
    html = page.get(f"/matters/{matter.pk}/").content.decode()
    assert "It forgot Nevada." in html
    assert founder.email in html
    assert say(page, matter) == 302
    said = Feedback.objects.get()
    assert (said.attempt, said.by, said.helpful, said.reason) == (attempt, founder, True, "")


def test_staff_read_it_in_the_admin(page: Client, matter: Matter, write: Write) -> None:
    write("Pay at once [P1].")
    say(page, matter, helpful="no", reason="It forgot Nevada.")
    staff = Client()
    staff.force_login(User.objects.create_superuser("staff@example.com"))
    assert "It forgot Nevada." in staff.get("/admin/advice/feedback/").content.decode()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"helpful": ""}, 400), ({"helpful": "perhaps"}, 400), ({"version": "x"}, 400),
        ({"reason": "x" * 2001}, 400), ({"reason": "\x00"}, 400), ({"attempt": "7"}, 404),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    page: Client, matter: Matter, write: Write, fields: dict[str, str], status: int
) -> None:
    write("Pay at once [P1].")
    assert say(page, matter, **fields) == status
    assert not Feedback.objects.exists()


def test_an_advice_that_is_being_written_takes_none(page: Client, matter: Matter, write: Write) -> None:
    write("Pay at", status=None)
    assert say(page, matter) == 409


def test_whoever_reads_an_earlier_version_comes_back_to_it(page: Client, matter: Matter, write: Write) -> None:
    write("The first advice.")
    data = {"version": "1", "attempt": "1", "helpful": "yes"}
    assert page.post(f"/matters/{matter.pk}/feedback/", data)["Location"] == f"/matters/{matter.pk}/?version=1"
