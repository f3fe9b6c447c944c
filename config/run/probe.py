"""Whether a server of ours answers, asked as its own clients would.

python -m config.run.probe 8000 /readyz        exits 1 when it does not (health checks of docker-compose.yml)
"""

import argparse
import http.client
import sys
from collections.abc import Mapping

from config.env import env

LOOPBACK = "127.0.0.1"


def answers(host: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> bool:
    """Whether `GET path` is answered with 200 within 2 seconds."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def visitor_headers(host: str, port: int) -> dict[str, str]:
    """The headers of an allowed visitor: Django refuses hosts that ALLOWED_HOSTS does not name, and sends plain HTTP on
    to HTTPS where that is its outside."""
    names = [name.lstrip(".") for name in env("ALLOWED_HOSTS") if name != "*"]
    literal = f"[{host}]" if ":" in host else host
    return {"Host": names[0] if names else f"{literal}:{port}", "X-Forwarded-Proto": "https"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m config.run.probe", description="Ends with 1 where it is not answered.")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    options = parser.parse_args()
    sys.exit(not answers(LOOPBACK, options.port, options.path, visitor_headers(LOOPBACK, options.port)))
