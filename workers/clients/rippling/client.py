"""The client of Rippling's REST API (https://rest.ripplingapis.com, no version in the path)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from workers.clients.rippling.reading import read_page, read_record
from workers.clients.rippling.records import (
    LeaveBalance,
    Worker,
    WorkLocation,
)
from workers.provider_http.errors import Code, Provider, failure
from workers.provider_http.getting import Getter, path_segment
from workers.provider_http.paging import Page, walk
from workers.provider_http.records import Listing, Record
from workers.provider_http.reporting import Recorder
from workers.provider_http.tokens import FixedToken, TokenSource

RIPPLING = Provider(
    "rippling",
    "Rippling",
    sentences={
        Code.UNAUTHORIZED: "Rippling no longer accepts our access: a token dies after 30 days without use, and "
        "can be revoked. An administrator of your Rippling account can make a new one; connect Rippling again with it.",
        Code.FORBIDDEN: "Rippling does not let us see this: the access lacks a permission, or your plan of Rippling "
        "does not include it (pay, legal entities and leave belong to a higher one). An administrator of your Rippling "
        "account can change that; until then such questions come to you.",
    },
)
VERSION = "2024-08-01"
LARGEST_PAGE = 100
STATUSES = ("INIT", "HIRED", "ACCEPTED", "ACTIVE", "TERMINATED")
EXPANDABLE = ("user", "legal_entity", "employment_type", "compensation")

Kind = TypeVar("Kind", bound=Record)


class RipplingClient:
    """Asks for one company's people. Safe to share between threads; close it, or use it as a context.

    `token`: an API token, or a source of OAuth tokens. `record` is called once for each HTTP call. Every method raises
    ProviderError. Pay, legal entities and leave belong to a higher API tier: expect `forbidden`, or a field in
    `redacted`.
    """

    def __init__(self, base_url: str, token: str | TokenSource, *, record: Recorder | None = None) -> None:
        tokens = FixedToken(token) if isinstance(token, str) else token
        self._getter = Getter(RIPPLING, base_url, tokens, record, None, **{"Rippling-Api-Version": VERSION})

    def workers(self, status: str | None = None, expand: Iterable[str] = ()) -> Listing[Worker]:
        """All workers, or those of one of `STATUSES`. `expand`: of `EXPANDABLE`. `age_40_plus` is of today (UTC).
        Rippling filters by neither title nor name: look through the list. A worker who says to be of another status
        than Rippling was asked for is left out."""
        if status is not None and status not in STATUSES:
            raise ValueError(f"{status!r} is none of {STATUSES}")
        wish = None if status is None else f"status eq '{status}'"
        listed = self._list("workers", "/workers/", Worker, filter=wish, expand=_joined(expand))
        return replace(listed, items=tuple(w for w in listed if not _is_other(w, status)))

    def worker(self, worker_id: str, expand: Iterable[str] = (), *, as_of: date | None = None) -> Worker:
        """One worker; `expand` as above. `as_of` (today, UTC, unless given) is the day of `age_40_plus`."""
        return self._one("worker", "/workers", worker_id, Worker, expand, as_of)

    def work_location(self, location_id: str) -> WorkLocation:
        """A place of work, with its state."""
        return self._one("work_location", "/work-locations", location_id, WorkLocation, (), None)

    def leave_balances(self, worker_id: str) -> Listing[LeaveBalance]:
        """What leave a worker has left, by kind of leave."""
        if "'" in worker_id:
            raise failure(RIPPLING, Code.NOT_FOUND)
        wish = f"worker_id eq '{worker_id}'"
        return self._list("leave_balances", "/leave-balances/", LeaveBalance, filter=wish, expand="leave_type")

    def close(self) -> None:
        """Closes the connections."""
        self._getter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _list(self, operation: str, path: str, kind: type[Kind], **query: str | None) -> Listing[Kind]:
        day = _today()

        def read(body: Any) -> tuple[Page[Kind], tuple[str, ...]]:
            page = read_page(kind, body, day)
            return page, page.ids

        def fetch(address: str) -> Page[Kind]:
            page = self._getter.get(operation, address, read)
            link = page.following
            return page if link is None else replace(page, following=self._getter.next_address(address, link))

        return walk(self._getter.address(path, limit=LARGEST_PAGE, **query), fetch)

    def _one(
        self, operation: str, path: str, key: str, kind: type[Kind], expand: Iterable[str], as_of: date | None
    ) -> Kind:
        day = as_of or _today()
        address = self._getter.address(f"{path}/{path_segment(RIPPLING, key)}/", expand=_joined(expand))

        def read(body: Any) -> tuple[Kind, tuple[str, ...]]:
            record = read_record(kind, body, day)
            return record, (getattr(record, "id", key),)

        return self._getter.get(operation, address, read)


def _is_other(worker: Worker, status: str | None) -> bool:
    said = worker.status
    return status is not None and said is not None and said.known and said.word != status


def _joined(expand: Iterable[str]) -> str | None:
    wished = list(expand)
    if unknown := set(wished) - set(EXPANDABLE):
        raise ValueError(f"{sorted(unknown)} can't be expanded, only {EXPANDABLE}")
    return ",".join(wished) or None


def _today() -> date:
    return datetime.now(UTC).date()
