"""What the triggers of `matters_event` and `advice_chunk` say on the channel `matterstream`."""

from dataclasses import dataclass
from uuid import UUID

CHANNEL = "matterstream"


@dataclass(frozen=True, slots=True)
class EventWake:
    """The matter has a new event."""

    matter: UUID


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


def parse_payload(payload: str) -> EventWake | ChunkWake | Ping | None:
    """Read a notification; None for one that is not ours."""
    try:
        kind, _, rest = payload.partition(" ")
        if kind == "event":
            return EventWake(UUID(rest))
        if kind == "ping":
            name, sent = rest.split(" ")
            return Ping(UUID(name), float(sent))
        if kind == "chunk":
            matter, version, attempt, offset, *text = rest.split(" ", 4)
            return ChunkWake(UUID(matter), int(version), int(attempt), int(offset), text[0] if text else None)
    except ValueError:
        pass
    return None
