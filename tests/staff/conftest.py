"""Staff of every kind, signed in, and an advice that waits for a reviewer."""

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client

from advice.models import Attempt
from companies.models import Company, User
from tests import rows

Staff = Callable[[str], Client]


@pytest.fixture
def staff(db: None) -> Staff:
    """A browser of somebody in the group of that name; `superuser` is one, and `nobody` is in no group."""
    import_module("advice.migrations.0005_staff_groups").make_groups(apps, None)  # other tests empty the table

    def signed_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@staff.example", first_name=role.capitalize(), is_staff=True)
        if role == "superuser":
            user.is_superuser = True
            user.save()
        elif role != "nobody":
            user.groups.add(Group.objects.get(name=role))
        browser = Client()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def attempt(company: Company) -> Attempt:
    matter = rows.advising(company)
    writing = rows.begun(matter)
    rows.append(writing, "Pay at once [P9]. Say nothing else.")
    rows.advised(matter, writing)
    writing.refresh_from_db()
    return writing
