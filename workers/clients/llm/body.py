"""The body of a streamed response, straight from the connection.

Between the socket and us httpx2 and h11 make several objects and pass five generators for each piece, which costs as
much CPU again as reading the piece. A body in chunked transfer coding (RFC 9112, section 7.1) needs none of that. The
price: h11 has not seen the end, so the connection of a stream is closed after it instead of used again.
"""

import re
from collections.abc import Iterator

import httpcore2
import httpx2

from workers.clients.llm.connection import CallConnection

READ_BYTES = 64 * 1024
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}(?=[ \t]*(?:;|$))")


def pieces_of(response: httpx2.Response) -> Iterator[bytes]:
    """The body's bytes as they come. Raises the errors of httpx2 or of httpcore2."""
    connection = response.extensions.get("network_stream")
    coding = response.headers.get("transfer-encoding", "").lower()
    if coding == "chunked" and "content-encoding" not in response.headers and isinstance(connection, CallConnection):
        begun = connection.after_head()
        if begun is not None:
            return _read_chunked(connection, begun)
    return response.iter_bytes()


def _read_chunked(connection: CallConnection, data: bytes) -> Iterator[bytes]:
    decoder = ChunkedDecoder()
    while True:
        piece = decoder.feed(data)
        if piece:
            yield piece
        if decoder.ended:
            return
        data = connection.read(READ_BYTES)
        if not data:
            raise httpcore2.RemoteProtocolError("the connection ended before the body did")


class ChunkedDecoder:
    """Takes the chunked coding off, whatever way reads cut it; gives parts of chunks too."""

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""
        self._left = 0  # bytes of the present chunk still to come
        self._after_chunk = False
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        """The content in `data`. Raises httpcore2.RemoteProtocolError where this is not the chunked coding."""
        buffer, at = self._rest + data, 0
        parts: list[bytes] = []
        while not self.ended:
            if self._left:
                part = buffer[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
            line_end = -1 if self._left else buffer.find(b"\r\n", at)
            if line_end < 0:
                break
            self._take_line(buffer[at:line_end])
            at = line_end + 2
        self._rest = buffer[at:]
        if len(self._rest) > READ_BYTES:
            raise httpcore2.RemoteProtocolError("a chunk without a size")
        return b"".join(parts)

    def _take_line(self, line: bytes) -> None:
        if self._in_trailers:
            self.ended = not line
        elif self._after_chunk:
            self._after_chunk = False
            if line:
                raise httpcore2.RemoteProtocolError(f"a chunk longer than its size: {line[:20]!r}")
        else:
            self._begin_chunk(line)

    def _begin_chunk(self, line: bytes) -> None:
        size = _SIZE.match(line)
        if size is None:
            raise httpcore2.RemoteProtocolError(f"not the size of a chunk: {line[:20]!r}")
        self._left = int(size[0], 16)
        self._after_chunk = self._left > 0
        self._in_trailers = self._left == 0
