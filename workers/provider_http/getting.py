"""GET with a token: the one way in which the clients ask."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from workers.provider_http.errors import Code, Provider, ProviderError, failure
from workers.provider_http.reporting import Recorder, Report
from workers.provider_http.tokens import TokenSource
from workers.provider_http.transport import Reply, failure_of, new_client, read_json, send

Read = TypeVar("Read")
Pace = Callable[[], None]
_TOKEN = re.compile(r"[\x21-\x7e]+")
LONGEST_ID = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Getter:
    """Asks the provider at `base_url`, and nobody else. `pace` is called before each request, and may wait or raise
    ProviderError: then nothing is sent."""

    def __init__(
        self,
        provider: Provider,
        base_url: str,
        tokens: TokenSource,
        record: Recorder | None,
        pace: Pace | None = None,
        **headers: str,
    ) -> None:
        self._provider, self._tokens, self._record, self._pace = provider, tokens, record, pace
        self._base_url = httpx2.URL(base_url.rstrip("/"))
        self._client = new_client()
        self._client.headers.update(headers)

    def close(self) -> None:
        self._client.close()

    def address(self, path: str, **parameters: str | int | None) -> str:
        """Of a path below the base address; parameters that are None are left out."""
        query = {name: str(value) for name, value in parameters.items() if value is not None}
        return str(httpx2.URL(f"{self._base_url}{path}", params=query or None))

    def next_address(self, current: str, link: str) -> str:
        """Of the next page, which may be relative. Raises ProviderError `foreign_host`: the token goes nowhere else."""
        try:
            following = httpx2.URL(current).join(link)
            is_ours = _origin(following) == _origin(self._base_url) and not following.userinfo
        except (httpx2.InvalidURL, ValueError):
            is_ours = False
        if not is_ours:
            raise failure(self._provider, Code.FOREIGN_HOST)
        return str(following)

    def get(self, operation: str, address: str, read: Callable[[Any], tuple[Read, tuple[str, ...]]]) -> Read:
        """What `read` makes of the body; it answers the ids of the records, too, and may raise ValueError.

        A token that is refused is renewed once. Raises ProviderError.
        """
        token = self._tokens.token()
        try:
            return self._get_once(token, operation, address, read)
        except ProviderError as error:
            if error.code is not Code.UNAUTHORIZED or (fresh := self._tokens.renew(token)) == token:
                raise
        return self._get_once(fresh, operation, address, read)

    def _get_once(
        self, token: str, operation: str, address: str, read: Callable[[Any], tuple[Read, tuple[str, ...]]]
    ) -> Read:
        if self._pace is not None:
            self._pace()
        with Report(self._provider.key, operation, self._record) as report:
            reply = self._send(token, address)
            report.status = reply.status
            if error := failure_of(self._provider, reply):
                raise error
            try:
                value, report.record_ids = read(read_json(self._provider, reply))
            except ValueError:  # its words may quote the body
                raise failure(self._provider, Code.MALFORMED, status=reply.status) from None
        return value

    def _send(self, token: str, address: str) -> Reply:
        if not _TOKEN.fullmatch(token):
            raise failure(self._provider, Code.UNAUTHORIZED)
        request = self._client.build_request("GET", address, headers={"Authorization": f"Bearer {token}"})
        return send(self._client, self._provider, request)


def path_segment(provider: Provider, identifier: str) -> str:
    """An id as a part of a path. Raises ProviderError `not_found` for what can be none, such as `..` or 300 letters."""
    if not identifier.strip(". ") or len(identifier) > LONGEST_ID or not identifier.isprintable():
        raise failure(provider, Code.NOT_FOUND)
    return quote(identifier, safe="")


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)
