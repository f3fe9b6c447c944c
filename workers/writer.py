"""The combining writer: one thread per worker process stores what all its streams have.

It takes everything that is there, writes it in one statement, commits, rests a little, and begins again. What comes
while it is idle is written at once, what comes meanwhile goes together, and under much load the rest is longer, so that
batches grow and leave the machine to others. The trigger of `advice_chunk` leaves out the text of an attempt that has
ended, and its stream is told; one bad stream never holds up the rest.
"""

import json
import logging
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field

import psycopg

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
MUCH_LOAD = 5  # streams in one batch
SHORTEST_REST, LONGEST_REST = 0.003, 0.05  # seconds

# What the trigger leaves out does not come back. In the order of the attempts, for so they are locked.
_WRITE = """
INSERT INTO advice_chunk (attempt_id, "offset", text)
SELECT id, "offset", text FROM json_to_recordset(%(pieces)s::json) AS piece (id bigint, "offset" int, text text)
"""
_WRITE_NEW = f"{_WRITE} RETURNING attempt_id"
# A batch whose commit nobody confirmed may be there, or come to be there while this waits for it.
_WRITE_AGAIN = f"{_WRITE} ON CONFLICT DO NOTHING"
_STILL_OPEN = "SELECT id FROM advice_attempt WHERE id = ANY(%(ids)s) AND status = 'streaming'"


class StreamFenced(Exception):
    """The attempt is not this stream's any more, so its text is not stored."""


@dataclass
class ChunkStream:
    """The text of one attempt on its way to the database. One thread puts, the writer's thread takes."""

    attempt_id: int
    offset: int = 0  # code points that the writer has stored or is storing
    pending: list[str] = field(default_factory=list)
    writing: str = ""
    fenced: bool = False


class BatchSizes:
    """How many batches there were of up to so many streams, as Prometheus counts a histogram."""

    BOUNDS = (1, 2, 5, 10, 20, 50, 100)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS) + 1)
        self.streams = 0

    def count(self, size: int) -> None:
        """One more batch, of `size` streams."""
        self.counts[bisect_left(self.BOUNDS, size)] += 1
        self.streams += size


class ChunkWriter:
    """Stores the text of all streams of this process. `dsn`: libpq's address of the database.

    `prepare_threshold`: psycopg's, the number of times after which a statement is prepared; None: never.
    """

    def __init__(self, dsn: str, prepare_threshold: int | None = 1) -> None:
        self._dsn, self._prepare_threshold = dsn, prepare_threshold
        self._dirty: dict[int, ChunkStream] = {}
        self.batches = BatchSizes()
        self._condition = threading.Condition()
        self._closed = False
        self._cursor: psycopg.Cursor | None = None  # kept: making one is a third of what a batch costs here
        self._thread = threading.Thread(target=self._run, name="chunk-writer", daemon=True)
        self._thread.start()

    def open_stream(self, attempt_id: int) -> ChunkStream:
        """A stream for a new attempt, from its start."""
        return ChunkStream(attempt_id)

    def put(self, stream: ChunkStream, text: str) -> None:
        """Have `text` stored behind what came before. Raises StreamFenced once the attempt has been taken over.

        Returns at once. PostgreSQL stores neither NUL nor lone surrogates: both become U+FFFD.
        """
        with self._condition:
            if stream.fenced:
                raise StreamFenced(f"attempt {stream.attempt_id} was taken over")
            if not text:  # a chunk without text would take the place of the next one: both have the same offset
                return
            stream.pending.append(storable(text))
            self._dirty[stream.attempt_id] = stream
            self._condition.notify_all()

    def flush(self, stream: ChunkStream, timeout: float = 60.0) -> None:
        """Wait until everything put so far is stored. Raises StreamFenced; TimeoutError after `timeout` seconds."""
        with self._condition:
            stored = self._condition.wait_for(
                lambda: stream.fenced or not (stream.pending or stream.writing), timeout=timeout
            )
        if stream.fenced:
            raise StreamFenced(f"attempt {stream.attempt_id} was taken over")
        if not stored:
            raise TimeoutError("the database did not take the text in time")

    def close(self) -> None:
        """Store what is there, then end the thread. A worker's ends with its process, whose steps have flushed all that
        they had; this is for who makes many writers, as tests do."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while batch := self._take():
            began = time.monotonic()
            self._store_until_it_holds(batch)
            # Not for a condition: whatever comes now is to wait, so that the next batch is larger (ADR 2 has figures).
            time.sleep(rest_after(len(batch), time.monotonic() - began))
        self._drop_connection()

    def _take(self) -> list[ChunkStream]:
        """Everything that waits, as one batch; empty when the writer was closed and nothing is left."""
        with self._condition:
            self._condition.wait_for(lambda: self._dirty or self._closed)
            batch = [self._dirty[attempt] for attempt in sorted(self._dirty)]
            self._dirty.clear()
            for stream in batch:
                stream.writing = "".join(stream.pending)
                stream.pending.clear()
        return batch

    def _store_until_it_holds(self, batch: list[ChunkStream]) -> None:
        """Offsets make it safe to write a batch again whose commit nobody confirmed."""
        again = False
        while True:
            try:
                stored = self._store(batch, again=again)
                break
            except psycopg.Error as error:
                again = True
                logger.warning("the text of %d streams waits for the database: %s", len(batch), error)
                self._drop_connection()
                time.sleep(RETRY_SECONDS)
        self.batches.count(len(batch))
        with self._condition:
            for stream in batch:
                stream.offset += len(stream.writing)
                stream.writing = ""
                stream.fenced = stream.attempt_id not in stored
            self._condition.notify_all()

    def _store(self, batch: list[ChunkStream], *, again: bool) -> set[int]:
        """The attempts whose text is stored."""
        if self._cursor is None:
            self._cursor = psycopg.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=self._prepare_threshold,
                connect_timeout=5,
                application_name="chunk-writer",
            ).cursor()
        pieces = json.dumps([{"id": s.attempt_id, "offset": s.offset, "text": s.writing} for s in batch])
        if not again:
            return {row[0] for row in self._cursor.execute(_WRITE_NEW, {"pieces": pieces})}
        self._cursor.execute(_WRITE_AGAIN, {"pieces": pieces})
        return {row[0] for row in self._cursor.execute(_STILL_OPEN, {"ids": [s.attempt_id for s in batch]})}

    def _drop_connection(self) -> None:
        if self._cursor is not None:
            self._cursor.connection.close()
            self._cursor = None


def rest_after(streams: int, seconds: float) -> float:
    """Seconds for which the writer lets text gather behind a batch of so many streams that took so long: a little; as
    long again where they were many."""
    return max(SHORTEST_REST, min(seconds, LONGEST_REST)) if streams >= MUCH_LOAD else SHORTEST_REST


def storable(text: str) -> str:
    """`text` as PostgreSQL can store it: surrogate pairs joined, NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    return text.replace("\x00", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
