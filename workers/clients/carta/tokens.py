"""Access tokens by client credentials, kept until shortly before they expire."""

import threading
import time

from workers.clients.carta.provider import CARTA, SCOPES
from workers.provider_http.oauth import OAuthClient, Tokens, request_tokens
from workers.provider_http.reporting import Recorder

EARLY_SECONDS = 60.0  # a token is not used in its last minute


class ClientCredentials:
    """A TokenSource. Threads share it; one of them asks while the others wait for its token."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        scopes: tuple[str, ...] = SCOPES,
        *,
        record: Recorder | None = None,
    ) -> None:
        self._token_url, self._scopes, self._record = token_url, scopes, record
        self._client = OAuthClient(client_id, client_secret)
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._good_until = 0.0

    def token(self) -> str:
        """The kept token, or a new one. Raises ProviderError."""
        with self._lock:
            if self._tokens is None or time.monotonic() >= self._good_until:
                self._ask()
            assert self._tokens is not None
            return self._tokens.access

    def renew(self, refused: str) -> str:
        """A new token, unless another thread has brought one since `refused` was given out. Raises ProviderError."""
        with self._lock:
            if self._tokens is None or self._tokens.access == refused:
                self._ask()
            assert self._tokens is not None
            return self._tokens.access

    def _ask(self) -> None:
        form = {"scope": " ".join(self._scopes)}
        self._tokens = request_tokens(CARTA, self._token_url, self._client, "client_credentials", form, self._record)
        self._good_until = time.monotonic() + self._tokens.expires_in - EARLY_SECONDS
