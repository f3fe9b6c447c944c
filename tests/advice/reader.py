"""A client that reads a matter's events and checks, as it goes, what the contract promises of them."""

import json
from collections.abc import Iterable
from typing import Any

from advice.cursor import START, Cursor
from advice.stream import Item
from matters.models import Matter

Place = tuple[int, int]  # version and attempt


class Reader:
    """Takes items in the order they come, and fails at a gap, an overlap or a step back."""

    def __init__(self, after: Cursor = START) -> None:
        self.cursor = after
        self.events: list[dict[str, Any]] = []  # all but deltas
        self.texts: dict[Place, str] = {}
        self._open: Place | None = None

    def take(self, items: Iterable[Item]) -> None:
        for item in items:
            self._take(item.cursor, json.loads(item.json))

    def _take(self, cursor: Cursor, event: dict[str, Any]) -> None:
        assert event["id"] == str(cursor)
        assert cursor.number >= self.cursor.number, f"{cursor} steps back behind {self.cursor}"
        data = event["data"]
        place = (data.get("version"), data.get("attempt"))
        if event["type"] == "advice.delta":
            assert place == self._open, f"text of {place} comes while {self._open} is open"
            assert data["text"], "a delta without text"
            assert data["offset"] == len(self.texts[place]), f"a delta at {data['offset']} leaves a gap or overlaps"
            self.texts[place] += data["text"]
            assert cursor.offset == len(self.texts[place])
        else:
            assert cursor.number == self.cursor.number + 1, f"{cursor} skips or repeats an event behind {self.cursor}"
            self.events.append(event)
            self._follow(event["type"], place)
        self.cursor = cursor

    def _follow(self, type_: str, place: Place) -> None:
        if type_ == "advice.started":
            self._open, self.texts[place] = place, ""
        elif type_ in ("advice.completed", "advice.superseded"):
            assert place == self._open, f"{type_} of {place} comes while {self._open} is open"
            self._open = None

    def ids_of_the_advice(self) -> list[str]:
        """Those of what begins and ends attempts."""
        return [event["id"] for event in self.events if event["type"].startswith("advice.")]

    def check_against(self, matter: Matter) -> None:
        """Everything was read, and the text of each attempt is the stored one; or none, where it came too late."""
        stored = matter.events.order_by("number").values_list("number", "type", "data")
        assert [(e["type"], e["data"]) for e in self.events] == [(type_, data) for _number, type_, data in stored]
        for attempt in matter.attempts.all():
            text = self.texts[attempt.version, attempt.number]
            given_up = attempt.status in ("superseded", "failed")
            assert text == attempt.text or (given_up and not text), f"the text of {attempt} is not the stored one"
