"""`python -m config.run.serve HOST PORT`: the web server where no supervisor makes its socket, as in a container.

The socket's connections have TCP_USER_TIMEOUT, which Daphne can't be told to set: without it a client that never reads
is kept, and everything for it in memory. This process becomes Daphne, so that signals and exit status are Daphne's.
"""

import os
import sys

from config.run import children
from config.run.listen import PortError, listen


def main(host: str, port: str) -> None:
    """Ends with one line when nobody can listen there."""
    try:
        listener = listen(host, int(port), "PORT")
    except PortError as error:
        sys.exit(str(error))
    listener.set_inheritable(True)
    command = children.with_this_python(children.web("--fd", str(listener.fileno())))
    os.execv(command[0], command)  # noqa: S606 - of our own making


if __name__ == "__main__":
    main(*sys.argv[1:])
