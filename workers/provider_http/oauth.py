"""The token endpoints of both providers: codes, refresh tokens and client credentials become access tokens."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2

from workers.provider_http.errors import Code, Provider, ProviderError, failure
from workers.provider_http.transport import Reply, failure_of, new_client, read_json, send
from workers.provider_http.values import read_decimal

DEFAULT_SECONDS = 3600.0  # Carta's tokens live an hour
NO_SCOPE = "no_scope"
_REFUSALS = {
    b"unsupported_grant_type": Code.REJECTED,
    b"invalid_grant": Code.GRANT_REFUSED,
    b"invalid_client": Code.UNAUTHORIZED,
    b"unauthorized_client": Code.UNAUTHORIZED,
    b"invalid_scope": Code.FORBIDDEN,
}


@dataclass(frozen=True)
class OAuthClient:
    """Our registration with a provider."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave. `expires_in`: seconds. `scopes`: those granted, empty where it does not say."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_in: float
    scopes: tuple[str, ...]


def exchange_code(
    provider: Provider,
    token_url: str,
    client: OAuthClient,
    code: str,
    redirect_uri: str,
    code_verifier: str,
) -> Tokens:
    """For the code of an authorisation (good once, for 60 s) and the PKCE verifier that belongs to it.

    Raises ProviderError: `grant_refused` for a code that is used, too old or foreign, `unauthorized` for our client.
    """
    form = {"code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
    return request_tokens(provider, token_url, client, "authorization_code", form)


def refresh_tokens(provider: Provider, token_url: str, client: OAuthClient, refresh_token: str) -> Tokens:
    """A new access token. `refresh` of the answer, where there is one, replaces the old refresh token.

    Raises ProviderError: `grant_refused` where a person must connect again.
    """
    return request_tokens(provider, token_url, client, "refresh_token", {"refresh_token": refresh_token})


def request_tokens(provider: Provider, token_url: str, client: OAuthClient, grant: str, form: dict[str, str]) -> Tokens:
    """Asks by HTTP Basic and a form. Raises ProviderError; a token without any scope is `forbidden`.

    Carta's documentation writes grant types in capitals, RFC 6749 does not: where capitals are refused, small letters
    are tried.
    """
    with new_client() as http:
        ask = partial(_ask, http, provider, token_url, client)
        if provider.upper_case_grants:
            try:
                return ask({"grant_type": grant.upper(), **form})
            except ProviderError as error:
                if error.code is not Code.REJECTED:
                    raise
        return ask({"grant_type": grant, **form})


def _ask(http: httpx2.Client, provider: Provider, token_url: str, client: OAuthClient, form: dict[str, str]) -> Tokens:
    reply = send(http, provider, _request(http, token_url, client, form))
    if reply.status != 200:
        raise _refusal(provider, reply)
    try:
        tokens = _tokens(read_json(provider, reply))
    except ValueError:  # its words may quote the body, and so the token
        raise failure(provider, Code.MALFORMED, status=reply.status) from None
    if tokens is None:
        raise failure(provider, Code.FORBIDDEN, reason=NO_SCOPE, status=reply.status)
    return tokens


def _request(http: httpx2.Client, token_url: str, client: OAuthClient, form: dict[str, str]) -> httpx2.Request:
    request = http.build_request("POST", token_url, data=form)
    return next(httpx2.BasicAuth(client.id, client.secret).auth_flow(request))


def _refusal(provider: Provider, reply: Reply) -> ProviderError:
    """By the error words of RFC 6749, section 5.2, whatever the body's form is; else by the status."""
    said = next((code for word, code in _REFUSALS.items() if word in reply.body), None)
    if said is not None and reply.status < 500:
        return failure(provider, said, status=reply.status)
    error = failure_of(provider, reply)
    assert error is not None, "a 200 is no refusal"
    return error


def _tokens(body: Any) -> Tokens | None:
    """None for a token that permits nothing: its scope is there, and empty. Raises ValueError."""
    if not isinstance(body, dict) or not isinstance(access := body.get("access_token"), str) or not access:
        raise ValueError("no access token")
    scope, refresh = body.get("scope"), body.get("refresh_token")
    if isinstance(scope, str) and not scope.strip():
        return None
    seconds = read_decimal(body.get("expires_in"))
    return Tokens(
        access,
        refresh if isinstance(refresh, str) and refresh else None,
        DEFAULT_SECONDS if seconds is None else float(seconds),
        tuple(scope.split()) if isinstance(scope, str) else (),
    )
