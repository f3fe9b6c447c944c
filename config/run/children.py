"""The command lines of everything that runs, in one place: `docker-compose.yml` has the same, and a test compares."""

import sys

# Daphne has no send backpressure: a client that stops reading must be noticed and dropped (docs/adr, docs/operating).
PING = ("--ping-interval", "5", "--ping-timeout", "8")
# A browser's handshake that comes late is worth more than one that is refused and made again; by default 5 s.
HANDSHAKE = ("--websocket_connect_timeout", "30")
# Its lines have addresses with what founders search for and the secrets of links; `config.middleware` writes others.
NO_ACCESS_LOG = ("--access-log", "/dev/null")


# Without its banner of thirty lines: what a process says is one object of JSON a line.
CELERY = ("celery", "-q", "-A", "config")


def web(*listen: str) -> tuple[str, ...]:
    """The web server; `listen` is where: `--fd N` of a socket that drops who does not read (`config.run.listen`)."""
    return ("config.run.web", *listen, *PING, *HANDSHAKE, *NO_ACCESS_LOG, "config.asgi:application")


def serve(host: str, port: int | str) -> tuple[str, ...]:
    """The web server with such a socket of its own."""
    return ("python", "-m", "config.run.serve", host, str(port))


def worker(name: str, threads: int | str, *, streams: bool = True) -> tuple[str, ...]:
    """A worker process with a pool of threads: a step waits for the network nearly all the time.

    `streams`: it takes advices, too, as they become due; else only those that nobody takes.
    """
    options = ("-P", "threads", "-c", str(threads), "-n", f"{name}@%h", "--without-gossip", "--without-mingle")
    return (*CELERY, "worker", *options, *(() if streams else ("-X", "advice")), "-l", "INFO")


def takes_streams(number: int) -> bool:
    """Whether the worker process of that number, counted from 1, takes advices: one of four does.

    Streams that share a process share its commits: docs/adr/0002-chunks.md has what that saves.
    """
    return number % 4 == 1


def beat(schedule: str) -> tuple[str, ...]:
    """The clock that starts the sweeper; `schedule` is the file in which it remembers its last runs."""
    return (*CELERY, "beat", "-s", schedule, "-l", "INFO")


def flower(address: str, port: int | str) -> tuple[str, ...]:
    """The view on the workers. Its password comes as FLOWER_BASIC_AUTH, for command lines are public."""
    return (*CELERY, "flower", f"--address={address}", f"--port={port}")


def setup(*options: str) -> tuple[str, ...]:
    """Migrations and playbooks, and with `--demo` the demo company."""
    return ("config.setup", *options)


def demo_model(port: int) -> tuple[str, ...]:
    """The bundled demo model."""
    return ("demo.model", "--port", str(port))


def demo_providers(rippling_port: int, carta_port: int) -> tuple[str, ...]:
    """The bundled fixture servers. Whom they let in comes as variables, for command lines are public."""
    return ("demo.providers", "--rippling-port", str(rippling_port), "--carta-port", str(carta_port))


def local_llm(path: str, port: int) -> tuple[str, ...]:
    """A real model from a GGUF file."""
    return ("config.run.local_llm", "--model", path, "--port", str(port))


def with_this_python(command: tuple[str, ...]) -> list[str]:
    """The command under the interpreter of this environment, whatever PATH says."""
    return [sys.executable, "-m", *command]
