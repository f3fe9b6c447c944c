"""Walking through the pages of a list, with an end in any case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic

from workers.provider_http.records import Item, Listing

MOST_PAGES = 200


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Records with their ids, where they have one. `following` says where the next page is; None on the last."""

    items: tuple[tuple[str | None, Item], ...]
    following: str | None
    redacted: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.items if key)


def walk(first: str, fetch: Callable[[str], Page[Item]]) -> Listing[Item]:
    """All pages from the place `first`. A record that comes twice, because the list moved meanwhile, is kept once."""
    items: dict[str, Item] = {}
    redacted: dict[str, str] = {}
    place, seen = first, {first}
    for _ in range(MOST_PAGES):
        page = fetch(place)
        redacted |= page.redacted
        for key, item in page.items:
            items.setdefault(key or f"without id {len(items)}", item)
        if page.following is None:
            return Listing(tuple(items.values()), redacted)
        if page.following in seen:
            break
        place = page.following
        seen.add(place)
    return Listing(tuple(items.values()), redacted, complete=False)
