"""Carta's API below `/v1alpha1`, as far as it is documented: lists with page tokens, a scope for each resource."""

from collections.abc import Callable

from demo.http11 import Request
from demo.providers.answers import Answer, RefusedError
from demo.providers.carta import grants, records
from demo.providers.company import Entry, equity
from demo.providers.credentials import Credentials
from demo.providers.faults import Fault
from demo.providers.oauth import OAuthServer, one_each

MOST = 50
_LISTS: dict[str, tuple[str, Callable[[], list[Entry]]]] = {
    "stakeholders": ("read_issuer_stakeholders", records.stakeholders),
    "optionGrants": ("read_issuer_securities", grants.option_grants),
    "restrictedStockUnits": ("read_issuer_securities", grants.restricted_stock_units),
    "restrictedStockAwards": ("read_issuer_securities", grants.restricted_stock_awards),
    "fairMarketValues": ("read_issuer_valuations", records.fair_market_values),
}
_INFO = "read_issuer_info"
SCOPES = tuple(dict.fromkeys([_INFO, *(scope for scope, _ in _LISTS.values())]))


class Carta:
    """The API of the invented company, and the OAuth beside it."""

    is_carta = True

    def __init__(self, credentials: Credentials, faults: frozenset[Fault], page_size: int) -> None:
        self._faults, self._page_size = faults, page_size
        clients = {credentials.demo_carta_client_id: credentials.demo_carta_client_secret}
        self._oauth = OAuthServer("Carta", clients, SCOPES)

    def login(self, request: Request) -> Answer | None:
        """`/o/authorize/` and `/o/access_token/`."""
        match request.method, request.path.rstrip("/"):
            case "GET", "/o/authorize":
                return self._oauth.authorize(request)
            case "POST", "/o/access_token":
                return self._new_tokens(request)
        return None

    def _new_tokens(self, request: Request) -> Answer:
        self._oauth.client_of(request)
        form = one_each(request.body.decode())
        grant = form.get("grant_type", "")
        if grant == (grant.upper() if Fault.SMALL_LETTER_GRANTS in self._faults else grant.lower()):
            raise RefusedError(400, {"error": "unsupported_grant_type"})
        match grant.upper():
            case "CLIENT_CREDENTIALS":
                return self._oauth.new_tokens(self._granted(form), with_refresh=False)
            case "AUTHORIZATION_CODE":
                return self._oauth.by_code(form)
            case "REFRESH_TOKEN":
                return self._oauth.by_refresh_token(form)
        raise RefusedError(400, {"error": "unsupported_grant_type"})

    def _granted(self, form: dict[str, str]) -> tuple[str, ...]:
        """A scope is required; what is asked for and unknown is left out."""
        if not form.get("scope"):
            raise RefusedError(400, {"error": "invalid_scope"})
        if Fault.EMPTY_SCOPE in self._faults:
            return ()
        return tuple(scope for scope in form["scope"].split() if scope in SCOPES)

    def resource(self, request: Request) -> Answer:
        """A list."""
        scopes = self._oauth.scopes_of(request)
        if scopes is None:
            raise RefusedError(401, {"message": "Unauthorized"})
        match request.path.strip("/").split("/"):
            case ["v1alpha1", "issuers"]:
                self._must_have(_INFO, scopes)
                return Answer(200, self._page("issuers", records.issuers(), request))
            case ["v1alpha1", "issuers", issuer, name] if issuer == equity()["issuer"]["id"] and name in _LISTS:
                scope, listed = _LISTS[name]
                self._must_have(scope, scopes)
                return Answer(200, self._page(name, listed(), request))
        raise RefusedError(404, {"message": "Not Found"})

    def _must_have(self, scope: str, scopes: tuple[str, ...]) -> None:
        if Fault.FORBIDDEN_INTERNAL in self._faults:
            raise _forbidden("MISSING_INTERNAL_PERMISSION")
        if scope not in scopes or Fault.FORBIDDEN in self._faults:
            raise _forbidden("INSUFFICIENT_SCOPE")

    def _page(self, name: str, found: list[Entry], request: Request) -> Entry:
        query = one_each(request.query)
        start = _number(query.get("pageToken", "0"))
        end = start + min(_number(query.get("pageSize", str(MOST))), MOST, self._page_size)
        page = {name: found[start:end]}
        if end >= len(found):
            return page
        return page | {"nextPageToken": str(start or end if Fault.REPEATED_PAGE in self._faults else end)}


def _forbidden(reason: str) -> RefusedError:
    return RefusedError(403, {"code": 7, "message": "Permission denied", "details": [{"reason": reason}]})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise RefusedError(400, {"code": 3, "message": "That is no number."})
    return int(text)
