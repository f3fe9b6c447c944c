"""The ASGI servers that the product can run behind: Daphne, which `make run` starts, and uvicorn to compare with it.

Both take the supervisor's socket, and are asked for the same pings.
"""

from config.run import children

READY = {"daphne": "Listening on", "uvicorn": "Uvicorn running"}
"""What each says when it serves."""
_PING = ("--ws-ping-interval", "5", "--ws-ping-timeout", "8")


def web_command(server: str, descriptor: int) -> tuple[str, ...]:
    """The command line of `server` for the listening socket `descriptor`. KeyError for another server."""
    return {
        "daphne": children.web("--fd", str(descriptor)),
        "uvicorn": (
            *("uvicorn", "--fd", str(descriptor), "--lifespan", "off", "--no-access-log", *_PING),
            "config.asgi:application",
        ),
    }[server]
