"""Processes of the product, forked from one that has the libraries loaded: to load them is most of a start.

Nothing of the product is loaded there but `config`, which only names the Celery application: settings are read from the
environment of each process, by that process. What `make run` starts is started anew (`tests/config/test_make_run.py`).
"""

import atexit
import multiprocessing
import os
import runpy
import sys
import threading
from multiprocessing.context import ForkServerProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# None of Twisted's: its reactor would be one for all.
LIBRARIES = [
    "config",
    "celery.bin.beat",
    "celery.bin.worker",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "cryptography.fernet",
    "django.contrib.auth.hashers",
    "django.core.management",
    "django.core.handlers.asgi",
    "django.db.backends.postgresql.base",
    "django.forms",
    "django.template.loader",
    "markdown_it",
    "openai",
    "psycopg.types.json",
    "psycopg_pool",
    "pydantic",
    "requests",
    "structlog",
    "yaml",
]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LIBRARIES)


def start(command: tuple[str, ...], env: dict[str, str], log: Path) -> ForkServerProcess:
    """Start `command`, as in `config.run.children`, in the project's folder and in a session of its own.

    What it prints is appended to `log`.
    """
    module, *arguments = command[2:] if command[:2] == ("python", "-m") else command
    process = _context.Process(target=_become, args=(module, arguments, env, log), name=module, daemon=True)
    process.start()
    return process


def _become(module: str, arguments: list[str], env: dict[str, str], log: Path) -> None:
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:  # as an interpreter ends, which a process of multiprocessing does not
        threading._shutdown()  # type: ignore[attr-defined] # the stubs leave it out
        atexit._run_exitfuncs()
