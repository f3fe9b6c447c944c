"""The floor's writer: python -m benchmarks.floor_writer STREAMS CHUNKS INTERVAL SIZE. Begins with a line on its input.

It notifies each chunk when it is due, and nothing else: no model, no rows. What is due at once goes in one statement,
for a commit with a notification takes a lock of the whole server.
"""

import asyncio
import os
import sys

import psycopg

from benchmarks.chunks import filler, microseconds, stamp
from benchmarks.floor_app import CHANNEL

_NOTIFY = f"SELECT count(pg_notify('{CHANNEL}', line)) FROM unnest(%s::text[]) AS line"  # noqa: S608 - a constant


async def write(streams: int, chunks: int, interval: float, size: int) -> None:
    """Sends all chunks of all streams, on an absolute schedule, the streams spread evenly over one interval."""
    loop, words = asyncio.get_running_loop(), filler(size - 5)
    # (when, stream), in the order of time: one round of all streams is an interval.
    turns = [interval * turn / streams for turn in range(streams * chunks)]
    async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        begins, at = loop.time() + 0.2, 0
        while at < len(turns):
            now = loop.time() - begins
            lines = []
            while at < len(turns) and turns[at] <= now:
                lines.append(f"{at % streams} {stamp(microseconds())}{words}")
                at += 1
            if lines:
                await connection.execute(_NOTIFY.encode(), [lines])
            else:
                await asyncio.sleep(turns[at] - now)


def main() -> None:
    """Waits for its line."""
    streams, chunks, interval, size = sys.argv[1:]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asyncio.run(write(int(streams), int(chunks), float(interval), int(size)))


if __name__ == "__main__":
    main()
