"""`manage.py create_demo`: the company that `make run` shows."""

import os
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from companies.demo_connections import connect_demo
from companies.models import Company, Membership, Tier, User

FOUNDER, STAFF = "founder@demo.example", "staff@demo.example"


class Command(BaseCommand):
    """Makes the company `demo`, its founder and a staff account, and prints their passwords, each time again.

    The passwords are those that `make run` generated and keeps in `DATA_DIR`. Where it started fixture servers of
    Rippling and Carta it says so in the environment, and the company is connected to them.
    """

    help = "Make the demo company with a founder and a staff account, and print how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_PASSWORDS:
            raise CommandError("The demo accounts' passwords are made by `make run`: start that instead.")
        passwords = {FOUNDER: settings.DEMO_PASSWORDS["founder"], STAFF: settings.DEMO_PASSWORDS["staff"]}
        with transaction.atomic():
            company, _ = Company.objects.get_or_create(
                slug="demo", defaults={"name": "Demo Robotics, Inc.", "tier": Tier.PRO}
            )
            founder = _account(FOUNDER, passwords[FOUNDER], first_name="Fay", last_name="Founder")
            _account(STAFF, passwords[STAFF], first_name="Sam", last_name="Staff", is_staff=True, is_superuser=True)
            Membership.objects.get_or_create(company=company, user=founder, defaults={"role": Membership.Role.OWNER})
            connect_demo(company, founder, os.environ)
        for email, path in ((FOUNDER, "/"), (STAFF, "/admin/")):
            self.stdout.write(f"{email}  {passwords[email]}  {path}")


def _account(email: str, password: str, **fields: Any) -> User:
    """The user with `email`; one that exists keeps what it has, but signs in with `password` again."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, **fields)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user
