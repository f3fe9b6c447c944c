"""What the triggers of `matters_event` and `advice_chunk` say on the channel `matterstream`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

CHANNEL = "matterstream"


@dataclass(frozen=True, slots=True)
class EventWake:
    """The matter has the event `number`. What it is comes along where it is small and ends nothing: `type`, when it was
    appended (`at`), and `data` as JSON; None where it must be read from the rows."""

    matter: UUID
    number: int
    type: str | None = None
    at: datetime | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkWake:
    """An attempt has new text at `offset`. `text` is None where it is too long for a notification."""

    matter: UUID
    version: int
    attempt: int
    offset: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A hub asks how long a notification takes. `sent`: its own monotonic clock, in seconds."""

    hub: UUID
    sent: float

    def __str__(self) -> str:
        return f"ping {self.hub} {self.sent!r}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_payload(payload: str) -> EventWake | ChunkWake | Ping | None:
    """Read a notification; None for one that is not ours."""
    try:
        kind, _, rest = payload.partition(" ")
        if kind == "event":
            matter, number, *told = rest.split(" ", 4)
            return EventWake(UUID(matter), int(number), *_event_of(told))
        if kind == "ping":
            name, sent = rest.split(" ")
            return Ping(UUID(name), float(sent))
        if kind == "chunk":
            matter, version, attempt, offset, *text = rest.split(" ", 4)
            return ChunkWake(UUID(matter), int(version), int(attempt), int(offset), text[0] if text else None)
    except ValueError:
        pass
    return None


def _event_of(told: list[str]) -> tuple[str, datetime, str] | tuple[()]:
    """Type, time (told in microseconds since 1970) and data."""
    if not told:
        return ()
    type_, microseconds, data = told
    return type_, _EPOCH + timedelta(microseconds=int(microseconds)), data
