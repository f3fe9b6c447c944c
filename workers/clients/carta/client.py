"""The client of Carta's API, version `v1alpha1` (https://api.carta.com), for one issuer."""

from types import TracebackType
from typing import Any, Self, TypeVar

from workers.clients.carta.provider import CARTA
from workers.clients.carta.reading import read_page
from workers.clients.carta.records import (
    FairMarketValue,
    Issuer,
    ListedRecord,
    OptionGrant,
    RestrictedStockAward,
    RestrictedStockUnit,
    Stakeholder,
)
from workers.provider_http.getting import Getter, Pace, path_segment
from workers.provider_http.paging import Page, walk
from workers.provider_http.records import Listing
from workers.provider_http.reporting import Recorder
from workers.provider_http.tokens import TokenSource

LARGEST_PAGE = 50

Kind = TypeVar("Kind", bound=ListedRecord)


class CartaClient:
    """Asks for one company's equity. Safe to share between threads; close it, or use it as a context.

    `record` is called once for each HTTP call, `pace` before each, to wait: Carta takes 10 a second and 300 a minute.
    Every method raises ProviderError; an `issuer_id` that can be none is
    `not_found`.
    """

    def __init__(
        self,
        base_url: str,
        token_source: TokenSource,
        issuer_id: str,
        *,
        record: Recorder | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._getter = Getter(CARTA, base_url, token_source, record, pace)
        self._issuer_id = issuer_id

    def issuers(self) -> Listing[Issuer]:
        """The companies that the access may see, of which `issuer_id` should be one."""
        return self._pages("issuers", "/v1alpha1/issuers", "issuers", Issuer)

    def stakeholders(self) -> Listing[Stakeholder]:
        """All who hold or held something."""
        return self._list("stakeholders", "stakeholders", Stakeholder)

    def option_grants(self) -> Listing[OptionGrant]:
        """All options, with their vesting."""
        return self._list("option_grants", "optionGrants", OptionGrant)

    def restricted_stock_awards(self) -> Listing[RestrictedStockAward]:
        """Shares with vesting."""
        return self._list("restricted_stock_awards", "restrictedStockAwards", RestrictedStockAward)

    def restricted_stock_units(self) -> Listing[RestrictedStockUnit]:
        """Promises of shares."""
        return self._list("restricted_stock_units", "restrictedStockUnits", RestrictedStockUnit)

    def fair_market_values(self) -> Listing[FairMarketValue]:
        """Valuations by section 409A."""
        return self._list("fair_market_values", "fairMarketValues", FairMarketValue)

    def close(self) -> None:
        """Closes the connections."""
        self._getter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _list(self, operation: str, resource: str, kind: type[Kind]) -> Listing[Kind]:
        path = f"/v1alpha1/issuers/{path_segment(CARTA, self._issuer_id)}/{resource}"
        return self._pages(operation, path, resource, kind)

    def _pages(self, operation: str, path: str, resource: str, kind: type[Kind]) -> Listing[Kind]:
        def read(body: Any) -> tuple[Page[Kind], tuple[str, ...]]:
            page = read_page(kind, resource, body)
            return page, page.ids

        def fetch(page_token: str) -> Page[Kind]:
            address = self._getter.address(path, pageSize=LARGEST_PAGE, pageToken=page_token or None)
            return self._getter.get(operation, address, read)

        return walk("", fetch)
