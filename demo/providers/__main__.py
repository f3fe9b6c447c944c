"""`python -m demo.providers --rippling-port P --carta-port Q`: serves both until SIGINT or SIGTERM."""

import argparse
import asyncio
import sys

from demo.providers.carta.api import Carta
from demo.providers.credentials import CredentialsError, read_credentials
from demo.providers.faults import Fault
from demo.providers.rippling.api import Rippling
from demo.providers.server import ProviderServer
from demo.running import port_of, serve_until_told


def main() -> int:
    options = _options()
    try:
        asyncio.run(_serve(options))
    except (OSError, CredentialsError) as error:
        sys.stderr.write(f"The fixture servers of Rippling and Carta can't start: {error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.providers", description="Rippling and Carta, invented.")
    parser.add_argument("--rippling-port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--carta-port", type=int, default=0, help="likewise")
    parser.add_argument("--page-size", type=int, default=100, help="records on a page at most, whatever is asked for")
    parser.add_argument("--fault", type=Fault, action="append", default=[], help=f"{', '.join(Fault)}; or several")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    credentials, faults = read_credentials(), frozenset(options.fault)
    apis = (Rippling(credentials, faults, options.page_size), Carta(credentials, faults, options.page_size))
    rippling = await ProviderServer(apis[0], faults).start(options.rippling_port)
    carta = await ProviderServer(apis[1], faults).start(options.carta_port)
    for name, server in (("Rippling", rippling), ("Carta", carta)):
        sys.stdout.write(f"The fixture of {name} listens on http://127.0.0.1:{port_of(server)}\n")
    sys.stdout.flush()
    await serve_until_told(rippling, carta)


if __name__ == "__main__":
    raise SystemExit(main())
