"""Ending e-mail about matters by one click: a signed link that needs no sign-in and changes nothing else."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from companies.models import User

_SALT = "no more e-mail about matters"


def unsubscribe_link(user: User) -> str:
    """The address where `user`, or their mail program, ends reminders. It stays good."""
    token = signing.dumps(user.pk, salt=_SALT)
    return str(settings.SITE_URL) + reverse("settings:unsubscribe", args=[token])


def subscriber(token: str) -> User | None:
    """Whom a link's `token` was made for; None where nobody signed it, or the person is gone."""
    try:
        pk = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk).first()
