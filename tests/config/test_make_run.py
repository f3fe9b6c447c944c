"""`make run`, whole: real servers, web, worker, beat, Flower and the demo model."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from config.env import BASE_DIR
from tests.config.run_session import MakeRun, free_port, surroundings
from tests.config.waiting import wait_until

pytestmark = pytest.mark.xdist_group("make run")

COUNT_USERS = "from companies.models import User; print(User.objects.count())"
ASKED = "from django.conf import settings as s; print(s.LLM_MODEL, s.RIPPLING_BASE_URL.rpartition(':')[0])"
ADD_USER = "from companies.models import User; User.objects.create_user('kept@example.org', 'x')"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeRun]:
    """One that is ready, for the tests that leave it running."""
    with started(tmp_path_factory.mktemp("run") / "data") as session:
        yield session


def test_it_prints_how_to_sign_in_and_which_model_answers(run: MakeRun) -> None:
    assert f"http://127.0.0.1:{run.port}/" in run.words
    assert run.words.count("@demo.example") == 2, "a founder and a staff account"
    assert "demo model" in run.words
    assert "fixtures on this machine" in run.words, "nobody may take the invented company for their own"


@pytest.mark.parametrize("name", ["web", "worker1", "beat", "flower"])
def test_what_the_products_own_processes_say_is_json_from_their_first_line_on(run: MakeRun, name: str) -> None:
    begun = run.words.partition("  Ready ")[0].splitlines()
    said = [line.partition("| ")[2] for line in begun if line.startswith(f"{name} ")]
    assert [line for line in said if not line.startswith('{"event": ')] == [], "a banner is no line for a collector"


def test_its_page_answers_and_everything_behind_it_is_ready(run: MakeRun) -> None:
    assert run.get("/accounts/login/") == 200
    assert run.get("/readyz") == 200


def test_flower_is_behind_the_printed_password(run: MakeRun) -> None:
    wait_until(lambda: run.get("/workers", run.flower_port) == 401, "without a password Flower must answer 401")
    assert run.get("/workers", run.flower_port, f"flower:{run.flower_password()}") == 200


def test_no_password_is_on_a_command_line(run: MakeRun) -> None:
    secrets = [run.flower_password(), *_passwords_in_addresses(run), *_fixture_credentials(run)]
    lines = [" ".join(process.cmdline()) for process in run.processes()]
    assert not [line for line in lines if any(secret in line for secret in secrets)], "everybody can read those"


def _passwords_in_addresses(run: MakeRun) -> list[str]:
    code = "from django.conf import settings as s; print(s.DATABASE_URL, s.REDIS_URL)"
    return [address.rpartition("@")[0].rpartition(":")[2] for address in run.manage("shell", "-v0", "-c", code).split()]


def _fixture_credentials(run: MakeRun) -> list[str]:
    fixture = psutil.Process(run.child("providers")).environ()
    return [fixture[name] for name in ("DEMO_RIPPLING_TOKEN", "DEMO_CARTA_CLIENT_SECRET", "RIPPLING_CLIENT_SECRET")]


def test_only_the_fixture_servers_and_the_setup_know_their_credentials(run: MakeRun) -> None:
    web = psutil.Process(run.child("web")).environ()
    assert web["RIPPLING_BASE_URL"].startswith("http://127.0.0.1:"), "the product must ask the fixture servers"
    assert not [name for name in web if name.startswith("DEMO_") and name != "DEMO_PROVIDERS"]


def test_the_demo_company_reads_the_fixture_servers(run: MakeRun) -> None:
    key = run.manage("create_api_key", "--company", "demo", "--scopes", "read,write,admin")
    api = f"http://127.0.0.1:{run.port}/api/v1/connections"
    with httpx2.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        connections = client.get(api).json()["items"]
        tested = [client.post(f"{api}/{connection['id']}/test").json() for connection in connections]
    assert {(row["provider"], row["status"], row["reason"]) for row in tested} == {
        ("rippling", "connected", ""),
        ("carta", "connected", ""),
    }
    assert all(row["last_ok_at"] for row in tested), "nobody was asked"


def test_manage_py_in_another_terminal_finds_the_running_servers(run: MakeRun) -> None:
    assert int(run.manage("shell", "-v0", "-c", COUNT_USERS)) >= 2
    assert run.manage("shell", "-v0", "-c", ASKED).split() == ["demo-model", "http://127.0.0.1"], "and their model"


def test_a_second_one_beside_it_says_so_and_stops(run: MakeRun) -> None:
    done = start_alone(run.data_dir)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("It is running already on")
    assert run.get("/readyz") == 200, "the first one must not notice"


@pytest.mark.parametrize("name", ["worker1", "web", "beat", "flower", "model", "providers", "redis", "postgres"])
def test_what_is_killed_comes_back(run: MakeRun, name: str) -> None:
    before = run.child(name)
    psutil.Process(before).kill()
    wait_until(lambda: run.child(name) not in (0, before), f"{name} must be started again")
    wait_until(lambda: run.get("/readyz") == 200, f"everything must be ready again after the death of {name}")


@contextmanager
def started(data_dir: Path) -> Iterator[MakeRun]:
    """One that is ready. Nothing of it is left."""
    session = MakeRun(data_dir)
    try:
        session.wait_until_ready()
        yield session
    finally:
        session.close()


def start_alone(data_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The supervisor where it is to end by itself."""
    command = [sys.executable, "-m", "config.run"]
    environment = surroundings(data_dir, **variables)
    return subprocess.run(
        command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("variable", ["PORT", "FLOWER_PORT"])
def test_a_taken_port_is_said_in_one_line(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = {"PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
        done = start_alone(tmp_path, **(free | {variable: str(port)}))
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.startswith(f"Port {port} is taken")
    assert f"make run {variable}=" in line
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR /dev/null/data cannot be written"),
        ({"PORT": "eighty"}, "PORT must be a whole number, not 'eighty'."),
        ({"PORT": "80800"}, "set HOST and PORT"),
        ({"FLOWER_PORT": "0"}, "FLOWER_PORT must be one of 1 to 65535, not '0'."),
        ({"LOCAL_LLM": "/no/such.gguf"}, "LOCAL_LLM must be the path of a GGUF file; there is none at /no/such.gguf."),
    ],
)
def test_a_variable_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    done = start_alone(tmp_path, **variables)
    (line,) = (done.stdout + done.stderr).splitlines()
    assert words in line
    assert done.returncode == 1


def test_however_it_ends_no_process_is_left_and_the_next_start_finds_the_data(run: MakeRun) -> None:
    """By Ctrl-C, by `kill -9` of everything, by `kill -9` of the supervisor alone, by its terminal that is closed.

    The module's own is the first.
    """
    run.manage("shell", "-v0", "-c", ADD_USER)
    users, password = run.manage("shell", "-v0", "-c", COUNT_USERS), run.flower_password()
    said_before = len(run.words)
    run.press_ctrl_c()
    assert not run.processes(), "Ctrl-C must end everything"
    assert "was killed" not in run.words[said_before:], "everything must end by itself in its time"
    assert not (run.data_dir / "services.json").exists(), "manage.py would be sent to servers that are gone"
    with started(run.data_dir) as second:
        second.kill_everything()
    with started(run.data_dir) as third:
        supervisor = psutil.Process(third.child("web")).ppid()
        psutil.Process(supervisor).send_signal(signal.SIGKILL)
        wait_until(third.has_ended, "make must end with the supervisor")
        with started(run.data_dir) as fourth:  # while children of the third may still be ending
            assert fourth.get("/readyz") == 200
            assert fourth.manage("shell", "-v0", "-c", COUNT_USERS) == users
            assert fourth.flower_password() == password, "secrets must be made once"
            fourth.close_terminal()
            assert not fourth.processes(), "everything goes on unseen"
            assert not (run.data_dir / "services.json").exists(), "it must end in order"
