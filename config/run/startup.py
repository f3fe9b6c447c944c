"""Brings everything up: databases, model, fixture servers, one-off steps, then web, workers, beat and Flower."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from signal import SIGTERM
from typing import Any

from config.embedded.ports import LOOPBACK, choose_port
from config.embedded.postgres import PostgresServer
from config.embedded.processes import with_parent_death
from config.embedded.redis import RedisServer
from config.embedded.secrets import Secrets
from config.embedded.server import EmbeddedServer, ServerError
from config.embedded.services import Services, write_services
from config.env import env
from config.run import children
from config.run.child import Child, Stage
from config.run.console import Console
from config.run.fixture_providers import FixtureProviders
from config.run.probe import answers
from config.run.supervisor import GiveUpError, Supervisor
from config.run.wishes import Wishes

ACCOUNTS_HEADING = "== create_demo"  # config/setup.py prints it, and the accounts below
MODEL_READY_SECONDS = 600.0  # a large file is read from disk first
# A small model on two cores reads some hundred tokens a second and writes ten: it gets less to read, and more time.
LOCAL_LLM_LIMITS = {
    "LLM_PLAYBOOK_CHARACTERS": "6000",
    "LLM_FIRST_CONTENT_SECONDS": "600",
    "LLM_BETWEEN_CONTENTS_SECONDS": "60",
    "LLM_CALL_SECONDS": "1800",
}


@dataclass(frozen=True)
class Ready:
    """What the person at the terminal is told."""

    accounts: list[str]
    flower_password: str
    model: str
    providers: str


class Startup:
    """One start of everything; `web_fd` is the listening socket of the web server."""

    def __init__(self, supervisor: Supervisor, console: Console, wishes: Wishes, kept: Secrets, web_fd: int) -> None:
        self._supervisor = supervisor
        self._console = console
        self._wishes = wishes
        self._web_fd = web_fd
        self._flower_password = wishes.flower_password or kept.flower_password
        self._environment = dict(os.environ) | {"DATA_DIR": str(wishes.data_dir), "PYTHONUNBUFFERED": "1"}
        self._environment.setdefault("DEBUG", "0")
        listen = wishes.listen_database_url
        self._published: dict[str, str] = {"LISTEN_DATABASE_URL": listen} if listen else {}
        self._demo_credentials: dict[str, str] = {}

    async def bring_up(self) -> Ready:
        """Returns when the page answers. Raises GiveUpError."""
        await self._databases()
        model = await self._model()
        providers = await self._providers()
        self._publish()
        accounts = await self._set_up()
        await self._product()
        return Ready(accounts, self._flower_password, model, providers)

    async def _databases(self) -> None:
        wishes = self._wishes
        database_url = wishes.database_url or await self._server(
            "postgres", PostgresServer(wishes.data_dir / "postgres"), Stage.DATABASE
        )
        redis_url = wishes.redis_url or await self._server(
            "redis", RedisServer(wishes.data_dir / "redis"), Stage.BROKER
        )
        self._environment |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        self._publish()

    def _publish(self) -> None:
        """Tell other terminals what runs so far."""
        found = Services(self._environment["DATABASE_URL"], self._environment["REDIS_URL"], self._published)
        write_services(self._wishes.data_dir, found)

    async def _server(self, name: str, server: EmbeddedServer, stage: Stage) -> str:
        try:
            await asyncio.to_thread(server.prepare)
            url, command = server.url, tuple(server.command())
        except (ServerError, OSError) as error:
            raise GiveUpError(f"{name} could not be prepared: {error}") from error
        child = Child(
            name,
            command,
            stage,
            self._environment,
            stop_signal=server.stop_signal,
            before=partial(_prepare_again, server, url),
            is_ready=server.is_ready,
        )
        await self._supervisor.start(child)
        return url

    async def _model(self) -> str:
        """Starts the model that this machine is to serve, if any; answers what to call the one in use."""
        wishes = self._wishes
        if wishes.local_llm:
            await self._serve_model("local", lambda port: children.local_llm(wishes.local_llm, port))
            limits = local_llm_limits()
            self._environment |= limits
            self._published |= limits
            return f"{wishes.local_llm}, on this machine"
        if not wishes.openai_api_key:
            await self._serve_model("demo-model", children.demo_model)
            return "the demo model, which assembles its text from playbook and facts (OPENAI_API_KEY is not set)"
        return f"{wishes.llm_model or 'the default model'} at {wishes.openai_base_url or 'OpenAI'}"

    async def _serve_model(self, model: str, command: Callable[[int], tuple[str, ...]]) -> None:
        port = choose_port()
        served = {
            "OPENAI_BASE_URL": f"http://{LOOPBACK}:{port}/v1",
            "OPENAI_API_KEY": secrets.token_urlsafe(24),
            "LLM_MODEL": model,
            "LLM_ADVICE_MODEL": model,
        }
        self._environment |= served
        self._published |= served
        child = self._child("model", command(port), Stage.MODEL, is_ready=partial(answers, LOOPBACK, port, "/health"))
        await self._supervisor.start(child, MODEL_READY_SECONDS)

    async def _providers(self) -> str:
        """Starts the fixture servers, if any; answers what to call the providers in use."""
        if not self._wishes.demo_providers:
            return "those of the companies that connect them"
        fixtures = FixtureProviders()
        self._environment |= fixtures.addresses
        self._published |= fixtures.addresses
        self._demo_credentials = fixtures.credentials
        ports = (fixtures.rippling_port, fixtures.carta_port)
        child = self._child(
            "providers",
            children.demo_providers(*ports),
            Stage.MODEL,
            is_ready=lambda: all(answers(LOOPBACK, port, "/health") for port in ports),
        )
        await self._supervisor.start(self._with_credentials(child))
        why = "DEMO_PROVIDERS is set" if self._wishes.openai_api_key else "OPENAI_API_KEY is not set"
        return f"fixtures on this machine, with an invented company behind both ({why})"

    async def _set_up(self) -> list[str]:
        """Answers how to sign in, a line for each account."""
        started = time.monotonic()
        setup = self._child("setup", children.setup("--demo"), Stage.FRONT)
        lines = await self._supervisor.run_once(self._with_credentials(setup))
        self._console.say(f"migrations, playbooks and the demo company: done in {time.monotonic() - started:.1f} s")
        return lines[lines.index(ACCOUNTS_HEADING) + 1 :]

    async def _product(self) -> None:
        workers = [self._worker(number) for number in range(1, self._wishes.worker_processes + 1)]
        await asyncio.gather(*(self._supervisor.start(child) for child in [*workers, self._beat(), self._web()]))
        await self._supervisor.start(self._flower())  # it asks the workers for what it shows

    def _worker(self, number: int) -> Child:
        name = f"worker{number}"
        command = children.worker(name, self._wishes.worker_threads, streams=children.takes_streams(number))
        return self._child(name, command, Stage.WORK, ready_words=" ready.")

    def _beat(self) -> Child:
        return self._child("beat", children.beat(str(self._wishes.data_dir / "celerybeat-schedule")), Stage.FRONT)

    def _flower(self) -> Child:
        port = self._wishes.flower_port
        child = self._child(
            "flower",
            children.flower(self._wishes.host, port),
            Stage.FRONT,
            is_ready=partial(answers, self._wishes.address, port, "/healthcheck"),
        )
        return replace(child, environment={**child.environment, "FLOWER_BASIC_AUTH": f"flower:{self._flower_password}"})

    def _web(self) -> Child:
        command = children.web("--fd", str(self._web_fd))
        is_ready = partial(answers, self._wishes.address, self._wishes.port, "/healthz")
        return self._child("web", command, Stage.FRONT, is_ready=is_ready, pass_fds=(self._web_fd,))

    def _with_credentials(self, child: Child) -> Child:
        """With those of the fixture servers, which only few may know."""
        return replace(child, environment={**child.environment, **self._demo_credentials})

    def _child(self, name: str, command: tuple[str, ...], stage: Stage, **options: Any) -> Child:
        line = with_parent_death(SIGTERM, children.with_this_python(command))
        return Child(name, tuple(line), stage, dict(self._environment), **options)


def local_llm_limits() -> dict[str, str]:
    """What a model on this machine gets unless somebody wished something else."""
    return {name: limit for name, limit in LOCAL_LLM_LIMITS.items() if not env.is_wished(name)}


def _prepare_again(server: EmbeddedServer, url: str) -> None:
    server.prepare()
    if server.url != url:  # everybody was told the old address
        raise ServerError("its port was taken by another program meanwhile")
