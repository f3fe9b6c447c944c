"""What every page shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from advice.notice import demo_notice
from companies.access import company_of, is_owner, user_of
from companies.models import User
from companies.passkeys import has_passkeys, passkeys_at
from matters.questions.assigning import questions_for


def notices(request: HttpRequest) -> dict[str, Any]:
    """`demo_notice`: that the demo model answers; empty where another one does.

    `my_questions`: how many questions wait for the person who is signed in, counted where a page shows it.
    `is_owner_here`: whether they own the company whose pages they see.
    `has_mail_server`: whether an e-mail is sent; without one it is written to the log.
    """
    return {
        "demo_notice": demo_notice(),
        "my_questions": SimpleLazyObject(lambda: _count(request)),
        "is_owner_here": SimpleLazyObject(lambda: _owns(request)),
        "has_mail_server": settings.HAS_MAIL_SERVER,
    }


def passkeys(request: HttpRequest) -> dict[str, Any]:
    """`has_passkeys`: whether browsers have them at this address. `passkeys_at`: where else, or empty."""
    return {
        "has_passkeys": SimpleLazyObject(lambda: has_passkeys(request)),
        "passkeys_at": SimpleLazyObject(lambda: passkeys_at(request)),
    }


def _count(request: HttpRequest) -> int:
    if not isinstance(request.user, User):
        return 0
    companies = list(questions_for(request.user).values_list("matter__company", flat=True))
    shown = company_of(user_of(request)) if companies else None
    return companies.count(shown.pk) if shown else 0


def _owns(request: HttpRequest) -> bool:
    if not isinstance(request.user, User):
        return False
    shown = company_of(user_of(request))
    return shown is not None and is_owner(request.user, shown)
