"""The start of an authorisation-code flow, and its end: state and PKCE are kept in the session, and good once.

A person may have begun in several tabs, so several attempts may be open. What comes with a state that is none of theirs
changes nothing: any page may have a person's browser ask for the callback.

RFC 6749 (code flow), RFC 7636 (PKCE, S256), RFC 9700 (state bound to whoever began).
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from companies.connections import Provider
from workers.connections.providers import SCOPES

GOOD_FOR = 600.0  # seconds that a person may take at the provider
MOST_OPEN = 5  # attempts in a session, for each provider; the oldest makes room
_DENIED = "{name} says that access was not allowed. Nothing was changed; you can try again."
_STALE = "This answer from {name} does not belong to any sign-in of yours that is still open. Start again with Connect."
_FAILED = "{name} could not finish this. Nothing was changed; try again, or tell our staff if it keeps happening."


class Stopped(Exception):
    """The flow ends here; the message says why, for the person."""


@dataclass(frozen=True)
class Allowed:
    """What a callback brought: the code, and the verifier that belongs to it."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)


def is_offered(provider: Provider) -> bool:
    """Whether the operator has registered this site at the provider."""
    prefix = provider.name
    return bool(getattr(settings, f"{prefix}_CLIENT_ID") and getattr(settings, f"{prefix}_CLIENT_SECRET"))


def origin(provider: Provider) -> str:
    """Where the person is sent: scheme, host and port."""
    parts = urlsplit(getattr(settings, f"{provider.name}_AUTHORIZE_URL"))
    return f"{parts.scheme}://{parts.netloc}"


def begin(session: SessionBase, provider: Provider, user_id: int, company_id: UUID, redirect_uri: str) -> str:
    """The address at the provider to send the person to."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    until = time.time() + GOOD_FOR
    attempt = {"verifier": verifier, "user": user_id, "company": str(company_id), "until": until}
    others = [(state, other) for state, other in _open(session, provider).items() if other["until"] > time.time()]
    session[_key(provider)] = dict([*others, (state, attempt)][-MOST_OPEN:])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "client_id": getattr(settings, f"{provider.name}_CLIENT_ID"),
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES[provider]),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{getattr(settings, f'{provider.name}_AUTHORIZE_URL')}?{urlencode(query)}"


def finish(
    session: SessionBase, provider: Provider, user_id: int, company_id: UUID, answer: Mapping[str, str]
) -> Allowed:
    """What the callback's parameters, `answer`, allow. Raises Stopped. Their attempt is used up in any case."""
    attempts = _open(session, provider)
    began = attempts.pop(answer.get("state", ""), None)
    if not began or (began["user"], began["company"]) != (user_id, str(company_id)) or began["until"] <= time.time():
        raise Stopped(_STALE.format(name=provider.label))
    session[_key(provider)] = attempts
    if error := answer.get("error"):
        raise Stopped((_DENIED if error == "access_denied" else _FAILED).format(name=provider.label))
    if not answer.get("code"):
        raise Stopped(_FAILED.format(name=provider.label))
    return Allowed(answer["code"], began["verifier"])


def _open(session: SessionBase, provider: Provider) -> dict[str, dict[str, Any]]:
    """A copy of the attempts by their state, the oldest first."""
    return dict(session.get(_key(provider), {}))


def _key(provider: Provider) -> str:
    return f"connecting-{provider}"
