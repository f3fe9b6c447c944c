"""Rippling and Carta for tests: the fixture servers of `demo.providers` as a process, with clients for them."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from workers.clients.carta import SCOPES, CartaClient, ClientCredentials
from workers.clients.rippling import RipplingClient
from workers.provider_http import Recorder

ROOT = Path(__file__).resolve().parents[2]
TOKEN, CLIENT_ID, CLIENT_SECRET, ISSUER = "rippling-token", "carta-client", "carta-secret", "4021"
RIPPLING_CLIENT_ID, RIPPLING_CLIENT_SECRET = "rippling-client", "rippling-secret"
CREDENTIALS = {
    "DEMO_RIPPLING_TOKEN": TOKEN,
    "DEMO_CARTA_CLIENT_ID": CLIENT_ID,
    "DEMO_CARTA_CLIENT_SECRET": CLIENT_SECRET,
    "RIPPLING_CLIENT_ID": RIPPLING_CLIENT_ID,
    "RIPPLING_CLIENT_SECRET": RIPPLING_CLIENT_SECRET,
}


class FixtureProviders:
    """`with FixtureProviders("redacted-compensation") as providers:` serves both until the end of the block.

    The words are those of `demo.providers.faults.Fault`. `page_size`: how many records a page has at most.
    """

    def __init__(self, *faults: str, page_size: int = 100) -> None:
        options = [option for fault in faults for option in ("--fault", fault)]
        self._command = [sys.executable, "-m", "demo.providers", "--page-size", str(page_size), *options]
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

    def rippling(self, token: str = TOKEN, record: Recorder | None = None) -> RipplingClient:
        return RipplingClient(self.rippling_url, token, record=record)

    def carta(
        self, issuer: str = ISSUER, scopes: tuple[str, ...] = SCOPES, record: Recorder | None = None
    ) -> CartaClient:
        url = self.environment["CARTA_TOKEN_URL"]
        tokens = ClientCredentials(url, CLIENT_ID, CLIENT_SECRET, scopes, record=record)
        return CartaClient(self.carta_url, tokens, issuer, record=record)

    def __enter__(self) -> Self:
        environment = os.environ | CREDENTIALS
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines = [self._process.stdout.readline() for _ in range(2)]
        if not all(lines):
            raise RuntimeError("the fixture servers did not start")
        self.rippling_url, self.carta_url = (line.rsplit(" ", 1)[1].strip() for line in lines)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
