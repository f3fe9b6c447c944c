"""The keys that sign approvals: `REVIEW_SIGNING_KEY`, newest first. Each proves what it signed."""

from django.conf import settings

from advice.review.binding import BadKey, public_key_of

_HOW_TO_MAKE_ONE = "Put the base64 of 32 random bytes into .env (`openssl rand -base64 32`)."


class NoKey(Exception):
    """`REVIEW_SIGNING_KEY` is not set, or has something that is no key; the message says what to do."""


def signing_key() -> str:
    """The newest key. Raises NoKey."""
    public_keys()
    return str(settings.REVIEW_SIGNING_KEY[0])


def public_keys() -> list[str]:
    """The public halves, base64, newest first. Raises NoKey."""
    if not settings.REVIEW_SIGNING_KEY:
        raise NoKey(f"REVIEW_SIGNING_KEY is not set. {_HOW_TO_MAKE_ONE}")
    try:
        return [public_key_of(key) for key in settings.REVIEW_SIGNING_KEY]
    except BadKey:
        raise NoKey(f"REVIEW_SIGNING_KEY has something that is no key. {_HOW_TO_MAKE_ONE}") from None
