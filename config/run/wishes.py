"""What the environment wishes of `make run`."""

import os
from dataclasses import dataclass
from pathlib import Path

from config.env import BASE_DIR, WishError, env

__all__ = ["WishError", "Wishes", "read_wishes"]

# A model on this machine answers two at a time (config/run/local_llm.py): further calls wait in the ledger, where
# waiting costs nothing, and not at the model, where the time to the first word runs.
LOCAL_LLM_PROCESSES, LOCAL_LLM_THREADS = 1, 3
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - HOST is compared with them, nothing is bound
"""Each HOST that means all addresses of the machine, with the one by which the machine reaches itself."""


@dataclass(frozen=True)
class Wishes:
    """The variables that the supervisor itself acts upon (docs/contract.md); all others only pass through."""

    data_dir: Path
    host: str
    port: int
    flower_port: int
    flower_password: str
    database_url: str
    listen_database_url: str
    redis_url: str
    openai_api_key: str
    openai_base_url: str
    llm_model: str
    local_llm: str
    demo_providers: bool
    worker_processes: int
    worker_threads: int

    @property
    def address(self) -> str:
        """By which this machine reaches what listens on `host`."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def site(self) -> str:
        """The name or address in the page's URL."""
        if self.host in EVERYWHERE:
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host


def read_wishes() -> Wishes:
    """The wishes of this environment and `.env`. Raises WishError."""
    local_llm = env("LOCAL_LLM")
    if local_llm and not Path(local_llm).is_file():
        raise WishError(f"LOCAL_LLM must be the path of a GGUF file; there is none at {local_llm}.")
    threads_are_wished = env.is_wished("WORKER_THREADS")
    return Wishes(
        data_dir=Path(env("DATA_DIR") or BASE_DIR / ".data").resolve(),
        host=env("HOST"),
        port=env("PORT"),
        flower_port=env("FLOWER_PORT"),
        flower_password=env("FLOWER_PASSWORD"),
        database_url=env("DATABASE_URL"),
        listen_database_url=env("LISTEN_DATABASE_URL"),
        redis_url=env("REDIS_URL"),
        openai_api_key=env("OPENAI_API_KEY"),
        openai_base_url=env("OPENAI_BASE_URL"),
        llm_model=env("LLM_MODEL"),
        local_llm=str(Path(local_llm).resolve()) if local_llm else "",
        demo_providers=env("DEMO_PROVIDERS") or not env("OPENAI_API_KEY"),
        worker_processes=env("WORKER_PROCESSES") or (LOCAL_LLM_PROCESSES if local_llm else os.cpu_count() or 1),
        worker_threads=LOCAL_LLM_THREADS if local_llm and not threads_are_wished else env("WORKER_THREADS"),
    )
