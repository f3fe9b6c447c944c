"""The calls that a connection needs: the one place that knows both providers' addresses and our registrations there."""

from urllib.parse import urlsplit

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from companies.connection_services import Issuer
from companies.connections import Provider
from companies.credentials import Credentials
from workers.clients.carta import CARTA, CartaClient
from workers.clients.carta import SCOPES as CARTA_SCOPES
from workers.clients.rippling import RIPPLING, RipplingClient
from workers.provider_http import (
    Code,
    OAuthClient,
    ProviderError,
    Tokens,
    TokenSource,
    exchange_code,
    refresh_tokens,
)
from workers.provider_http.oauth import request_tokens

RIPPLING_SCOPES = ("workers.read", "compensations.read", "employment-types.read", "leave-requests.read")
SCOPES: dict[str, tuple[str, ...]] = {Provider.RIPPLING: RIPPLING_SCOPES, Provider.CARTA: CARTA_SCOPES}
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_ISSUER_GONE = "Carta no longer shows us the company that was chosen. Choose another one, or connect Carta again."
_KINDS = {Provider.RIPPLING: RIPPLING, Provider.CARTA: CARTA}


def is_on_this_machine(provider: Provider) -> bool:
    """Whether a server on this machine answers in the provider's place: a fixture server, as `make run` starts them."""
    return urlsplit(getattr(settings, f"{provider.name}_BASE_URL")).hostname in _THIS_MACHINE


@sensitive_variables()
def try_out(provider: Provider, tokens: TokenSource, issuer_id: str = "") -> None:
    """Ask for little, as we would for facts. Raises ProviderError; also where `issuer_id` can't be read (any more)."""
    if provider == Provider.CARTA:
        if issuer_id not in {issuer.id for issuer in issuers_of(tokens)} | {""}:
            raise ProviderError(Code.NOT_FOUND, _ISSUER_GONE, permanent=True)
        return
    with RipplingClient(settings.RIPPLING_BASE_URL, tokens) as client:
        client.workers("INIT")  # the few who were not hired yet


def issuers_of(tokens: TokenSource) -> tuple[Issuer, ...]:
    """The companies on Carta that a token may read. Raises ProviderError."""
    with CartaClient(settings.CARTA_BASE_URL, tokens, issuer_id="") as client:
        return tuple(Issuer(issuer.id, issuer.legal_name or issuer.id) for issuer in client.issuers())


@sensitive_variables()
def renewed(provider: Provider, credentials: Credentials) -> Credentials:
    """With a new access token, by the refresh token or the client credentials. Raises ProviderError."""
    if not credentials.refresh_token:
        return granted(credentials)[0]
    tokens = refresh_tokens(_KINDS[provider], _token_url(provider), _registration(provider), credentials.refresh_token)
    return _with(credentials, tokens)


@sensitive_variables()
def granted(credentials: Credentials) -> tuple[Credentials, tuple[str, ...]]:
    """What Carta gives for client credentials, and the scopes. Raises ProviderError."""
    client = OAuthClient(credentials.client_id, credentials.client_secret)
    form = {"scope": " ".join(CARTA_SCOPES)}
    tokens = request_tokens(CARTA, settings.CARTA_TOKEN_URL, client, "client_credentials", form)
    return _with(credentials, tokens), tokens.scopes


@sensitive_variables()
def allowed(provider: Provider, code: str, verifier: str, redirect_uri: str) -> tuple[Credentials, tuple[str, ...]]:
    """What the provider gives for the code of an OAuth flow, and the scopes. Raises ProviderError."""
    tokens = exchange_code(
        _KINDS[provider], _token_url(provider), _registration(provider), code, redirect_uri, verifier
    )
    return _with(Credentials(), tokens), tokens.scopes


def _with(credentials: Credentials, tokens: Tokens) -> Credentials:
    return credentials.with_token(tokens.access, tokens.expires_in, tokens.refresh)


def _token_url(provider: Provider) -> str:
    return str(getattr(settings, f"{provider.name}_TOKEN_URL"))


def _registration(provider: Provider) -> OAuthClient:
    return OAuthClient(
        getattr(settings, f"{provider.name}_CLIENT_ID"), getattr(settings, f"{provider.name}_CLIENT_SECRET")
    )
