"""The supervisor with children of a few lines."""

import asyncio
import io
import os
import signal
from pathlib import Path

import pytest

from config.embedded.processes import start_mark
from config.run import supervisor as supervisor_module
from config.run.child import STOP_SECONDS, Stage
from config.run.supervisor import GiveUpError, Supervisor
from tests.config.conftest import MakeChild
from tests.config.waiting import until

LIVE = "time.sleep(60)"


def log(tmp_path: Path, name: str) -> str:
    path = tmp_path / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


async def test_it_prefixes_each_line_with_the_name_of_its_writer_and_keeps_it(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path, terminal: io.StringIO
) -> None:
    await supervisor.start(make_child("talker", "print('one'); print('two', file=sys.stderr)\n" + LIVE))
    await until(lambda: "two" in log(tmp_path, "talker"), "both streams of a child must reach its log")
    assert log(tmp_path, "talker") == "one\ntwo\n"
    assert "talker   | one\n" in terminal.getvalue()


async def test_it_starts_a_dead_child_again(supervisor: Supervisor, make_child: MakeChild, tmp_path: Path) -> None:
    await supervisor.start(make_child("phoenix", f"print(os.getpid()); {LIVE}"))
    await until(lambda: log(tmp_path, "phoenix"), "the child must have said its pid")
    os.kill(int(log(tmp_path, "phoenix")), signal.SIGKILL)
    await until(lambda: log(tmp_path, "phoenix").count("\n") == 2, "a killed child must be started again")
    assert "phoenix was killed by SIGKILL; it is started again" in log(tmp_path, "run")


async def test_it_gives_up_at_the_fifth_death_within_a_minute_and_quotes_the_last_words(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path
) -> None:
    await supervisor.start(make_child("doomed", "print('no such table'); sys.exit(3)"))
    with pytest.raises(GiveUpError, match=r"doomed died 5 times within a minute(.|\n)*code 3(.|\n)*no such table"):
        await supervisor.watch()
    assert log(tmp_path, "doomed").count("no such table") == 5


async def test_deaths_that_lie_far_apart_are_forgiven(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "WITHIN_SECONDS", 0.0)
    await supervisor.start(make_child("frail", "print('again')"))
    await until(lambda: log(tmp_path, "frail").count("again") > 6, "only deaths within a minute may count")


async def test_it_gives_up_on_a_program_that_is_not_there(supervisor: Supervisor, make_child: MakeChild) -> None:
    child = make_child("ghost", "")
    with pytest.raises(GiveUpError, match=r"ghost died 5 times.*could not be started.*/no/such/program"):
        await supervisor.start(type(child)("ghost", ("/no/such/program",), Stage.FRONT))


async def test_it_waits_until_a_child_is_ready(supervisor: Supervisor, make_child: MakeChild, tmp_path: Path) -> None:
    sign = tmp_path / "ready"
    await supervisor.start(
        make_child("slow", f"time.sleep(0.3); open({str(sign)!r}, 'w'); {LIVE}", is_ready=sign.exists)
    )
    assert sign.exists(), "start() must not return before the child is ready"


async def test_it_does_not_wait_for_ever_for_a_child_to_be_ready(supervisor: Supervisor, make_child: MakeChild) -> None:
    child = make_child("never", LIVE, is_ready=lambda: False)
    with pytest.raises(GiveUpError, match=r"never was not ready within 0.2 s"):
        await supervisor.start(child, ready_within=0.2)


async def test_it_ends_children_stage_by_stage(supervisor: Supervisor, make_child: MakeChild, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = """
        def end(*_):
            time.sleep(0.1)
            with open({path!r}, "a") as file:
                file.write({name!r} + " ")
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        print("up")
        time.sleep(60)
    """
    for stage in (Stage.DATABASE, Stage.WORK, Stage.FRONT, Stage.BROKER, Stage.MODEL):
        await supervisor.start(make_child(stage.name, code.format(path=str(order), name=stage.name), stage))
        await until(lambda name=stage.name: "up" in log(tmp_path, name), "the child must be up")  # type: ignore[misc]
    await supervisor.stop()
    assert order.read_text().split() == ["FRONT", "WORK", "MODEL", "BROKER", "DATABASE"]


async def test_it_kills_what_overstays_with_its_whole_family(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STOP_SECONDS, Stage.FRONT, 0.2)
    code = f"""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; {LIVE}"])
        print(os.getpid(), grandchild.pid)
        {LIVE}
    """
    await supervisor.start(make_child("deaf", code))
    await until(lambda: log(tmp_path, "deaf"), "the child must be up")
    pids = [int(pid) for pid in log(tmp_path, "deaf").split()]
    await supervisor.stop()
    await until(lambda: not any(map(start_mark, pids)), "no process of the group may be left")
    assert "deaf did not end within 0.2 s and was killed" in log(tmp_path, "run")


async def test_it_kills_the_orphans_of_a_child_that_died(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path
) -> None:
    code = f"""
        print(subprocess.Popen([sys.executable, "-c", "import time; {LIVE}"]).pid)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    await supervisor.start(make_child("parent", code))
    await until(lambda: "\n" in log(tmp_path, "parent"), "the child must have said its own child's pid")
    orphan = int(log(tmp_path, "parent").split()[0])
    await until(lambda: start_mark(orphan) is None, "an orphan could hold a port or a file of the next life")


async def test_it_ends_a_step_that_is_under_way(supervisor: Supervisor, make_child: MakeChild, tmp_path: Path) -> None:
    step = asyncio.create_task(supervisor.run_once(make_child("migrate", f"print(os.getpid()); {LIVE}")))
    await until(lambda: log(tmp_path, "migrate"), "the step must be under way")
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
    await supervisor.stop()
    assert start_mark(int(log(tmp_path, "migrate"))) is None, "Ctrl-C during a migration must leave no process"


async def test_a_step_answers_its_lines(supervisor: Supervisor, make_child: MakeChild) -> None:
    assert await supervisor.run_once(make_child("step", "print('a'); print('b', end='')")) == ["a", "b"]


async def test_a_step_that_fails_says_why(supervisor: Supervisor, make_child: MakeChild) -> None:
    with pytest.raises(GiveUpError, match=r"step ended with code 1(.|\n)*ZeroDivisionError"):
        await supervisor.run_once(make_child("step", "1/0"))


async def test_a_failing_preparation_counts_as_a_death(supervisor: Supervisor, make_child: MakeChild) -> None:
    def prepare() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(GiveUpError, match=r"server died 5 times.*disk full"):
        await supervisor.start(make_child("server", LIVE, before=prepare))


async def test_a_very_long_line_and_bad_utf8_do_no_harm(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path
) -> None:
    await supervisor.run_once(make_child("loud", "sys.stdout.buffer.write(b'x' * 1_000_000 + b'\\xff\\n')"))
    assert log(tmp_path, "loud") == "x" * 1_000_000 + "\ufffd\n"
