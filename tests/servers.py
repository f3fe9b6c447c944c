"""A pytest plugin: one PostgreSQL for the whole run and a Redis for each of its processes, in a temporary folder.

It is named with `-p`, so that the addresses are in the environment before Django's settings are read. `tests/suite.py`
starts the servers for both of its calls of pytest; a call by hand starts its own.
"""

import atexit
import base64
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded.postgres import PostgresServer
from config.embedded.redis import RedisServer

MARK = "MATTERSTREAM_TEST_DIR"  # set by the first process of the run; pytest-xdist's workers inherit it
# A test's data need not survive a power cut.
_POSTGRES = {"fsync": "off", "max_connections": "300", "autovacuum": "off"}


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="matterstream-tests-"))
    folder.chmod(0o700)
    postgres, redis = PostgresServer(folder, options=_POSTGRES), RedisServer(folder)

    def stop() -> None:
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    os.environ.update(
        {
            MARK: str(folder),
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"{postgres.start()}?pool=0",
            "REDIS_URL": redis.start(),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "REVIEW_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "DEBUG": "0",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",  # a test that needs a model starts one
            "LLM_MODEL": "fake-model",
            "LLM_ADVICE_MODEL": "fake-model",
        }
    )
    for name in ("LISTEN_DATABASE_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "PORT"):
        os.environ.pop(name, None)


def _start_own_redis() -> None:
    """In a worker of pytest-xdist: tests empty their Redis, and must not empty another one's."""
    run, worker = os.environ["PYTEST_XDIST_TESTRUNUID"], os.environ["PYTEST_XDIST_WORKER"]
    redis = RedisServer(Path(os.environ[MARK]) / f"{worker}-{run[:8]}")
    atexit.register(redis.stop)
    os.environ["REDIS_URL"] = redis.start()


if MARK not in os.environ:
    _start()
elif "PYTEST_XDIST_WORKER" in os.environ:
    _start_own_redis()
