"""`python -m demo.model --port P`: serves until SIGINT or SIGTERM."""

import argparse
import asyncio
import sys

from demo.model.server import DemoModel, Speed
from demo.running import port_of, serve_until_told


def main() -> int:
    options = _options()
    try:
        asyncio.run(_serve(options.port, Speed(options.pace, options.delay)))
    except OSError as error:
        sys.stderr.write(f"The demo model can't listen on 127.0.0.1:{options.port}: {error.strerror}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.model", description="Chat completions, assembled by rules.")
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--pace", type=float, default=45.0, help="words a second of streamed text, 0: at once")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds before a reply, give or take half")
    return parser.parse_args()


async def _serve(port: int, speed: Speed) -> None:
    server = await DemoModel(speed).start(port)
    sys.stdout.write(f"The demo model listens on http://127.0.0.1:{port_of(server)}/v1\n")
    sys.stdout.flush()
    await serve_until_told(server)


if __name__ == "__main__":
    raise SystemExit(main())
