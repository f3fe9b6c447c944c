"""python -m tests.fakes.llm [--host 127.0.0.1] [--port 0] [--die-with-stdin]: prints {"port": …} when it listens."""

import argparse
import asyncio
import json
import signal
import sys

from tests.fakes.llm.server import Server


async def serve(host: str, port: int, *, die_with_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if die_with_stdin:  # so that a test run that was killed leaves nothing behind
        loop.add_reader(sys.stdin.fileno(), stop.set)
    listening = await Server().listen(host, port)
    sys.stdout.write(json.dumps({"port": listening.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.fakes.llm")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--die-with-stdin", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, die_with_stdin=given.die_with_stdin))


if __name__ == "__main__":
    main()
