"""Rippling and Carta for tests: the fixture servers of `demo.providers` in a thread, with clients for them."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from demo.providers.carta.api import Carta
from demo.providers.company import equity
from demo.providers.credentials import Credentials
from demo.providers.faults import Fault
from demo.providers.rippling.api import Rippling
from demo.providers.server import ProviderServer
from demo.running import port_of
from workers.clients.carta import CARTA, SCOPES, CartaClient
from workers.clients.rippling import RipplingClient
from workers.provider_http import OAuthClient, Recorder
from workers.provider_http.oauth import request_tokens

CREDENTIALS = Credentials("rippling-token", "carta-client", "carta-secret", "rippling-client", "rippling-secret")
TOKEN = CREDENTIALS.demo_rippling_token
CARTA_OAUTH = OAuthClient(CREDENTIALS.demo_carta_client_id, CREDENTIALS.demo_carta_client_secret)
RIPPLING_OAUTH = OAuthClient(CREDENTIALS.rippling_client_id, CREDENTIALS.rippling_client_secret)
ISSUER = equity()["issuer"]["id"]


class CartaTokens:
    """Access tokens for a client alone; in the product `workers.connections.tokens` has them, with the connection."""

    def __init__(self, token_url: str, scopes: tuple[str, ...]) -> None:
        self._token_url, self._form = token_url, {"scope": " ".join(scopes)}
        self._token = ""

    def token(self) -> str:
        return self._token or self.renew("")

    def renew(self, refused: str) -> str:
        self._token = request_tokens(CARTA, self._token_url, CARTA_OAUTH, "client_credentials", self._form).access
        return self._token


class FixtureProviders:
    """`with FixtureProviders("redacted-compensation") as providers:` serves both until the end of the block.

    The words are those of `demo.providers.faults.Fault`. `page_size`: how many records a page has at most.
    """

    def __init__(self, *faults: str, page_size: int = 100) -> None:
        self._faults, self._page_size = frozenset(map(Fault, faults)), page_size
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self.rippling_url = self.carta_url = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the product finds them."""
        return {
            "RIPPLING_BASE_URL": self.rippling_url,
            "RIPPLING_AUTHORIZE_URL": f"{self.rippling_url}/o/authorize",
            "RIPPLING_TOKEN_URL": f"{self.rippling_url}/o/token",
            "CARTA_BASE_URL": self.carta_url,
            "CARTA_AUTHORIZE_URL": f"{self.carta_url}/o/authorize/",
            "CARTA_TOKEN_URL": f"{self.carta_url}/o/access_token/",
        }

    def rippling(self, token: str = TOKEN) -> RipplingClient:
        return RipplingClient(self.rippling_url, token)

    def carta(
        self, issuer: str = ISSUER, scopes: tuple[str, ...] = SCOPES, record: Recorder | None = None
    ) -> CartaClient:
        tokens = CartaTokens(self.environment["CARTA_TOKEN_URL"], scopes)
        return CartaClient(self.carta_url, tokens, issuer, record=record)

    def __enter__(self) -> Self:
        self._thread.start()
        apis = (Rippling(CREDENTIALS, self._faults, self._page_size), Carta(CREDENTIALS, self._faults, self._page_size))
        for api in apis:
            start = ProviderServer(api, self._faults).start(0)
            self._servers.append(asyncio.run_coroutine_threadsafe(start, self._loop).result(10))
        self.rippling_url, self.carta_url = (f"http://127.0.0.1:{port_of(server)}" for server in self._servers)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
