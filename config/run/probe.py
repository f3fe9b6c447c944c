"""Whether a server of ours answers, asked by address.

python -m config.run.probe 8000 /readyz        exits 1 when it does not (health checks of docker-compose.yml)
"""

import argparse
import http.client
import sys

LOOPBACK = "127.0.0.1"


def answers(host: str, port: int, path: str) -> bool:
    """Whether `GET path` is answered with 200 within 2 seconds."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m config.run.probe", description="Ends with 1 where it is not answered.")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    options = parser.parse_args()
    sys.exit(not answers(LOOPBACK, options.port, options.path))
