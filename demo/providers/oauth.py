"""OAuth as both providers speak it: a page that asks, codes, tokens. All in memory; a restart forgets them."""

import base64
import hashlib
import hmac
import html
import secrets
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from demo.http11 import Request
from demo.providers.answers import Answer, RefusedError

CODE_SECONDS, TOKEN_SECONDS = 60.0, 3600


@dataclass(frozen=True)
class Grant:
    """What was permitted, and until when it may be claimed."""

    scopes: tuple[str, ...]
    good_until: float
    redirect_uri: str = ""
    challenge: str = ""


class OAuthServer:
    """`clients`: secrets by id. `default_scopes` are granted where a client asks for none in particular."""

    def __init__(self, name: str, clients: dict[str, str], default_scopes: tuple[str, ...]) -> None:
        self._name, self._clients, self._default_scopes = name, clients, default_scopes
        self._codes: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}

    def authorize(self, request: Request) -> Answer:
        """Asks the person; their click on Allow or Deny comes back as `decision` and leads to the `redirect_uri`."""
        asked = one_each(request.query)
        target = asked.get("redirect_uri", "")
        if asked.get("client_id") not in self._clients or urlsplit(target).scheme not in ("http", "https"):
            raise RefusedError(400, {"error": "invalid_request"})
        if asked.get("response_type") != "code" or asked.get("code_challenge_method", "S256") != "S256":
            return _redirect(target, {"error": "invalid_request", "state": asked.get("state", "")})
        decision = asked.pop("decision", None)
        if decision is None:
            return Answer(200, self._page(request.path, asked))
        if decision != "allow":
            return _redirect(target, {"error": "access_denied", "state": asked.get("state", "")})
        return _redirect(target, {"code": self._new_code(asked), "state": asked.get("state", "")})

    def client_of(self, request: Request) -> str:
        """The id of the client, by HTTP Basic. Raises RefusedError."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(value).decode().partition(":")
        except ValueError:
            name, secret = "", ""
        known = self._clients.get(name, "")
        if scheme.lower() != "basic" or not known or not hmac.compare_digest(known.encode(), secret.encode()):
            raise RefusedError(401, {"error": "invalid_client"})
        return name

    def by_code(self, form: dict[str, str]) -> Answer:
        """A code becomes tokens, once. Raises RefusedError."""
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or time.monotonic() > grant.good_until or grant.redirect_uri != form.get("redirect_uri"):
            raise RefusedError(400, {"error": "invalid_grant"})
        if grant.challenge and grant.challenge != s256(form.get("code_verifier", "")):
            raise RefusedError(400, {"error": "invalid_grant"})
        return self.new_tokens(grant.scopes, with_refresh=True)

    def by_refresh_token(self, form: dict[str, str]) -> Answer:
        """A refresh token becomes tokens, once. Raises RefusedError."""
        grant = self._refresh.pop(form.get("refresh_token", ""), None)
        if grant is None:
            raise RefusedError(400, {"error": "invalid_grant"})
        return self.new_tokens(grant.scopes, with_refresh=True)

    def new_tokens(self, scopes: tuple[str, ...], *, with_refresh: bool) -> Answer:
        """An access token of these scopes, and perhaps a refresh token."""
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        grant = Grant(scopes, time.monotonic() + TOKEN_SECONDS)
        self._access[access] = grant
        body = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": " ".join(scopes)}
        if with_refresh:
            self._refresh[refresh] = grant
            body["refresh_token"] = refresh
        return Answer(200, body)

    def scopes_of(self, request: Request) -> tuple[str, ...] | None:
        """What the bearer may read; None for a token that is none of ours, or has expired."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._access.get(token) if scheme.lower() == "bearer" else None
        return grant.scopes if grant and time.monotonic() < grant.good_until else None

    def _new_code(self, asked: dict[str, str]) -> str:
        code = secrets.token_urlsafe(24)
        scopes = tuple(asked.get("scope", "").split()) or self._default_scopes
        good_until = time.monotonic() + CODE_SECONDS
        self._codes[code] = Grant(scopes, good_until, asked["redirect_uri"], asked.get("code_challenge", ""))
        return code

    def _page(self, path: str, asked: dict[str, str]) -> str:
        allow, deny = (html.escape(f"{path}?{urlencode(asked | {'decision': word})}") for word in ("allow", "deny"))
        return (
            f'<!doctype html><html lang="en"><title>{self._name} (fixture)</title><h1>{self._name} (fixture)</h1>'
            f"<p>This is no {self._name}: an invented company stands behind it.</p>"
            f'<p>May the application read it? <a href="{allow}">Allow</a> <a href="{deny}">Deny</a></p></html>'
        )


def one_each(query: str) -> dict[str, str]:
    """The first value of each name of a query or form."""
    return {name: values[0] for name, values in parse_qs(query).items()}


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _redirect(target: str, parameters: dict[str, str]) -> Answer:
    return Answer(302, "", {"Location": f"{target}{'&' if urlsplit(target).query else '?'}{urlencode(parameters)}"})
