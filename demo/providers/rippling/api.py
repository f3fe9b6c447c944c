"""Rippling's REST API, as far as it is documented: lists with a cursor, filters on a few fields, `expand`."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from demo.http11 import Request
from demo.providers.answers import Answer, RefusedError
from demo.providers.company import Entry
from demo.providers.credentials import Credentials
from demo.providers.faults import Fault
from demo.providers.oauth import OAuthServer, one_each
from demo.providers.rippling import records

SCOPES = ("workers.read", "compensations.read", "employment-types.read", "leave-requests.read")
USUAL_LIMIT, MOST = 50, 100
_LISTS: dict[str, Callable[[], list[Entry]]] = {"workers": records.workers, "leave-balances": records.leave_balances}
_SINGLE: dict[str, Callable[[], list[Entry]]] = {"workers": records.workers, "work-locations": records.work_locations}
_FILTERS = {"workers": ("status",), "leave-balances": ("worker_id",)}
_EXPANDABLE = {"workers": records.EXPANDABLE, "leave-balances": ("leave_type",)}
_FILTER = re.compile(r"(\w+) eq '([^']*)'")
_WITHHELD = {"workers": {"name": "termination_details", "reason": "The token's owner may not see why people left"}}
_NO_PAY = {"name": "compensation", "reason": "Requires API tier 2"}


class Rippling:
    """The API of the invented company, and the OAuth beside it."""

    is_carta = False

    def __init__(self, credentials: Credentials, faults: frozenset[Fault], page_size: int) -> None:
        self._token, self._faults, self._page_size = credentials.demo_rippling_token, faults, page_size
        clients = {credentials.rippling_client_id: credentials.rippling_client_secret}
        self._oauth = OAuthServer("Rippling", clients, SCOPES)

    def login(self, request: Request) -> Answer | None:
        """`/o/authorize` and `/o/token`."""
        match request.method, request.path.rstrip("/"):
            case "GET", "/o/authorize":
                return self._oauth.authorize(request)
            case "POST", "/o/token":
                return self._new_tokens(request)
        return None

    def _new_tokens(self, request: Request) -> Answer:
        self._oauth.client_of(request)
        form = one_each(request.body.decode())
        match form.get("grant_type"):
            case "authorization_code":
                return self._oauth.by_code(form)
            case "refresh_token":
                return self._oauth.by_refresh_token(form)
        raise RefusedError(400, {"error": "unsupported_grant_type"})

    def resource(self, request: Request) -> Answer:
        """A list, or one record."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != self._token and self._oauth.scopes_of(request) is None:
            raise RefusedError(401, {"detail": "Invalid token."})
        if Fault.FORBIDDEN in self._faults:
            raise RefusedError(403, {"detail": "You do not have permission to perform this action."})
        match request.path.strip("/").split("/"):
            case [name] if name in _LISTS:
                return Answer(200, self._page(name, one_each(request.query)))
            case [name, key] if name in _SINGLE:
                return Answer(200, self._record(name, key, one_each(request.query)))
        raise RefusedError(404, {"detail": "Not found."})

    def _page(self, name: str, query: dict[str, str]) -> Entry:
        wanted, start = _filtered(name, query.get("filter")), _number(query.get("cursor", "0"))
        end = start + min(_number(query.get("limit", str(USUAL_LIMIT))), MOST, self._page_size)
        results = self._told(name, wanted[start:end], query)
        link = self._link(name, query, start, end) if end < len(wanted) else None
        return {"results": results, "next_link": link, **self._meta(name, query)}

    def _link(self, name: str, query: dict[str, str], start: int, end: int) -> str:
        following = urlencode(query | {"cursor": str(start if Fault.REPEATED_PAGE in self._faults else end)})
        host = "http://rippling.evil.example" if Fault.FOREIGN_NEXT_LINK in self._faults else ""
        return f"{host}/{name}/?{following}"

    def _record(self, name: str, key: str, query: dict[str, str]) -> Entry:
        found = [record for record in _SINGLE[name]() if record["id"] == key]
        if not found:
            raise RefusedError(404, {"detail": "Not found."})
        return {**self._told(name, found, query)[0], **self._meta(name, query)}

    def _told(self, name: str, found: list[Entry], query: dict[str, str]) -> list[Entry]:
        """The records as they leave: with what was to be expanded, and null where it is held back."""
        told = records.expanded(found, self._expand(name, query))
        withheld = {field["name"] for field in self._withheld(name, query)}
        return [{key: None if key in withheld else value for key, value in record.items()} for record in told]

    def _meta(self, name: str, query: dict[str, str]) -> Entry:
        return {"__meta": {"redacted_fields": self._withheld(name, query)}}

    def _withheld(self, name: str, query: dict[str, str]) -> list[Entry]:
        usual = [_WITHHELD[name]] if name in _WITHHELD else []
        no_pay = Fault.REDACTED_COMPENSATION in self._faults and "compensation" in self._expand(name, query)
        return usual + ([_NO_PAY] if no_pay else [])

    def _expand(self, name: str, query: dict[str, str]) -> list[str]:
        names = [word for word in query.get("expand", "").split(",") if word]
        if set(names) - set(_EXPANDABLE.get(name, ())):
            raise RefusedError(400, {"detail": "That can't be expanded."})
        return names


def _filtered(name: str, wish: str | None) -> list[Entry]:
    if wish is None:
        return _LISTS[name]()
    match = _FILTER.fullmatch(wish)
    if not match or match[1] not in _FILTERS.get(name, ()):
        raise RefusedError(400, {"detail": "That filter is not there."})
    return [record for record in _LISTS[name]() if record[match[1]] == match[2]]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise RefusedError(400, {"detail": "That is no number."})
    return int(text)
