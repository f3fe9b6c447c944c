"""Walking through the pages of a list, with an end in any case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from workers.provider_http.records import Item, Listing

MOST_PAGES = 200


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Records with their ids, where they have one. `following` says where the next page is; None on the last."""

    items: tuple[tuple[str | None, Item], ...]
    following: str | None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.items if key)


def walk(first: str, fetch: Callable[[str], Page[Item]]) -> Listing[Item]:
    """All pages from the place `first`. A record that comes twice, because the list moved meanwhile, is kept once."""
    items: dict[str, Item] = {}
    place, seen = first, {first}
    for _ in range(MOST_PAGES):
        page = fetch(place)
        for key, item in page.items:
            items.setdefault(key or f"without id {len(items)}", item)
        if page.following is None:
            return Listing(tuple(items.values()))
        if page.following in seen:
            break
        place = page.following
        seen.add(place)
    return Listing(tuple(items.values()), complete=False)
