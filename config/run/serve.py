"""`python -m config.run.serve HOST PORT`: the web server where no supervisor makes its socket, as in a container.

The socket's connections have TCP_USER_TIMEOUT, which Daphne can't be told to set: without it a client that never reads
is kept, and everything for it in memory. This process becomes Daphne, so that signals and exit status are Daphne's.
"""

import argparse
import runpy
import sys

from config.run import children
from config.run.listen import PortError, listen


def main(host: str, port: int) -> None:
    """Ends with one line when nobody can listen there."""
    try:
        listener = listen(host, port, "PORT")
    except PortError as error:
        sys.exit(str(error))
    sys.argv = list(children.web("--fd", str(listener.detach())))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m config.run.serve", description="The web server alone.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    main(options.host, options.port)
