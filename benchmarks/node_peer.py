"""The peer of benchmarks/peer: one web and one worker process of Node."""

import asyncio
import re
import shutil
import socket
import subprocess

import psycopg

from benchmarks.http_client import HttpClient
from benchmarks.programs import ROOT
from benchmarks.side import Side, Viewer
from benchmarks.websocket import connect
from benchmarks.world import World

FOLDER = ROOT / "benchmarks" / "peer"
OLDEST = 20
_TRIGGER_FUNCTION = re.compile(r"CREATE FUNCTION.*?\$\$;", re.DOTALL)


def missing() -> str:
    """Why the peer cannot run here, in one line; empty where it can."""
    node = shutil.which("node")
    if node is None:
        return f"Node {OLDEST} or newer is not installed: the product and the floor are measured alone."
    found = version()
    if int(found.split(".")[0]) < OLDEST:
        return f"Node is {found}, the peer needs {OLDEST}: the product and the floor are measured alone."
    return _install()


def version() -> str:
    """Node's."""
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")


def _install() -> str:
    """The packages of the lock file. Not `npm ci`: it refuses where packages for other systems cannot be had."""
    if (FOLDER / "node_modules" / ".package-lock.json").exists():
        return ""
    command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The peer's packages could not be installed ({error}): the product and the floor are measured alone."
    if done.returncode:
        words = " ".join(re.findall(r"npm error (.*)", done.stderr)[:2])
        return f"The peer's packages could not be installed ({words}): the product and the floor are measured alone."
    return ""


class WholeTextViewer(Viewer):
    """Reads frames that hold the whole text so far."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.listening = asyncio.Event()

    def take(self, payload: bytes, now: int) -> None:
        """One frame; the first, empty one says that the server listens for us."""
        self.listening.set()
        text = payload.decode()
        if len(text) > self.dated.length:
            self.dated.add(text[self.dated.length :], now)


class Peer(Side):
    """`judges`: how many calls it makes side by side in a matter's research, as many as the product."""

    name = "peer"

    def __init__(self, world: World, judges: int) -> None:
        self._world, self._judges = world, judges
        self._submitted = 0

    async def start(self) -> None:
        """Returns when both processes are ready."""
        self.database = self._world.create_database(self.name)
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute((FOLDER / "schema.sql").read_bytes())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        environment = self._world.environment(self.database) | {
            "PORT": str(self._port), "MODEL": self.name, "JUDGE_CALLS": str(self._judges), "NODE_ENV": "production",
        }  # fmt: skip
        web = self._world.program("peer-web", ["node", str(FOLDER / "web.mjs")], environment)
        self._worker = self._world.program("peer-worker", ["node", str(FOLDER / "worker.mjs")], environment)
        self.web = web.pid
        await web.says("is ready")
        await self._worker.says("is ready")
        self._http = HttpClient(self._port)

    def pids(self) -> list[int]:
        return [self.web, self._worker.pid]

    async def submit(self, size: int) -> Viewer:
        return (await self._submit(size, only_advice=False, viewers=1))[0]

    async def begin_streams(self, count: int, size: int, viewers: int = 1) -> list[list[Viewer]]:
        made = (self._submit(size, only_advice=True, viewers=viewers) for _ in range(count))
        return list(await asyncio.gather(*made))

    async def _submit(self, size: int, *, only_advice: bool, viewers: int) -> list[Viewer]:
        self._submitted += 1
        wish = {"question": f"May we dismiss the CTO? Case {self._submitted}", "owner": "founder"}
        made = await self._http.call("POST", "/matters", wish | {"only_advice": only_advice})
        return [await self._view(made["matter"], size) for _ in range(viewers)]

    async def _view(self, matter: str, size: int) -> Viewer:
        viewer = WholeTextViewer(size)
        viewer.socket = await connect(self._port, f"/ws/{matter}?owner=founder", viewer.take)
        viewer.socket.closed.add_done_callback(lambda closed: _closed(viewer, closed))
        await viewer.listening.wait()
        return viewer

    def notify_texts(self, wanted: bool) -> None:
        """Whether a notification holds the text, as it is built. Without it texts beyond 8,000 bytes can be stored."""
        built = _TRIGGER_FUNCTION.search((FOLDER / "schema.sql").read_text())
        assert built is not None
        function = built[0] if wanted else built[0].replace("NEW.text", "''")
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(function.replace("CREATE", "CREATE OR REPLACE", 1).encode())

    def stored(self) -> tuple[int, bool]:
        """Characters of the newest advice, and whether it is complete."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            query = "SELECT length(text), complete FROM advice ORDER BY matter_id DESC LIMIT 1"
            length, complete = connection.execute(query).fetchone() or (0, False)
        return int(length), bool(complete)

    def failures(self) -> str:
        return "\n".join(line for line in self._worker.words().splitlines() if line.startswith("failed"))


def _closed(viewer: Viewer, closed: asyncio.Future[int]) -> None:
    if closed.cancelled() or closed.result() != 1000:
        viewer.fail("the connection broke")
    else:
        viewer.end()
