"""The keys that sign approvals: `REVIEW_SIGNING_KEY`, newest first. Each proves what it signed."""

from django.conf import settings

from advice.review.binding import public_key_of


class NoKey(Exception):
    """`REVIEW_SIGNING_KEY` is not set; the message says what to do."""


def signing_key() -> str:
    """The newest key. Raises NoKey."""
    return _keys()[0]


def public_keys() -> list[str]:
    """The public halves, base64, newest first. Raises NoKey, BadKey."""
    return [public_key_of(key) for key in _keys()]


def _keys() -> list[str]:
    if not settings.REVIEW_SIGNING_KEY:
        raise NoKey(
            "REVIEW_SIGNING_KEY is not set. Put the base64 of 32 random bytes into .env (`openssl rand -base64 32`)."
        )
    return list(settings.REVIEW_SIGNING_KEY)
