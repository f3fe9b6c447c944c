"""Server-sent events from bytes, fast: https://html.spec.whatwg.org/multipage/server-sent-events.html

Chat completions use only `data`, so only that is given back; comments (keep-alives) and other fields are passed over.
Nothing here decodes text: an event's bytes are whole by the time they are looked at, however they were cut by reads.
"""

_BOM = b"\xef\xbb\xbf"


class EventParser:
    """Feed it what was read; it gives the `data` of each event that became complete.

    `largest`: bytes that one event may hold. A line ends with LF, CR or CRLF, also where a read cuts CRLF in two. An
    event that no blank line ended is never given.
    """

    def __init__(self, largest: int = 4 * 1024 * 1024) -> None:
        self._rest = b""
        self._largest = largest
        self._after_cr = False
        self._at_start = True

    def feed(self, data: bytes) -> list[bytes]:
        """Raises ValueError when an event is larger than allowed."""
        if self._after_cr or b"\r" in data:
            data = self._with_lf_only(data)
        if self._at_start:
            data = self._without_bom(data)
        *events, self._rest = (self._rest + data).split(b"\n\n")
        if len(self._rest) > self._largest:
            raise ValueError(f"an event of more than {self._largest} bytes")
        return [found for event in events if (found := _data_of(event)) is not None]

    def _with_lf_only(self, data: bytes) -> bytes:
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, data: bytes) -> bytes:
        """The stream may begin with one byte order mark, which may itself come in pieces."""
        head = self._rest + data
        if len(head) < len(_BOM) and _BOM.startswith(head):
            return data
        self._at_start = False
        self._rest = b""
        return head.removeprefix(_BOM)


def _data_of(event: bytes) -> bytes | None:
    """The joined `data` lines; None where there is none, or only an empty one."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:] or None
    lines = [_value(line) for line in event.split(b"\n") if line == b"data" or line.startswith(b"data:")]
    return b"\n".join(lines) or None


def _value(line: bytes) -> bytes:
    value = line[5:]
    return value[1:] if value.startswith(b" ") else value
