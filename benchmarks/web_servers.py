"""The ASGI servers that the product can run behind: Daphne, which `make run` starts, and two to be measured beside it.

uvicorn takes the supervisor's socket, as Daphne does; granian listens itself. Both are asked for the same pings.
"""

from config.run import children

READY = {"daphne": "Listening on", "uvicorn": "Uvicorn running", "granian": "Started worker"}
"""What each says when it serves."""
APPLICATION = "config.asgi:application"
_PING = ("--ws-ping-interval", "5", "--ws-ping-timeout", "8")


def web_command(server: str, descriptor: int, port: int) -> tuple[str, ...]:
    """The command line of `server` for the listening socket `descriptor`, which has `port`. KeyError for another."""
    return {
        "daphne": children.web("--fd", str(descriptor)),
        "uvicorn": ("uvicorn", "--fd", str(descriptor), "--lifespan", "off", "--no-access-log", *_PING, APPLICATION),
        "granian": (
            *("granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            *("--no-access-log", APPLICATION),
        ),
    }[server]
