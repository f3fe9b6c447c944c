"""Whether a closed terminal ends what runs in it, on a real one."""

import os
import pty
import subprocess
import sys
from textwrap import dedent

import pytest

from config.env import BASE_DIR
from config.run.terminal import is_closed_before_us

# As make: the leader of the terminal's session, which SIGHUP does not end before its child has ended.
LEADER = """
    import os, signal, subprocess, sys
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first one that a session opens is its own
    signal.signal(signal.SIGHUP, lambda *_: None)
    where, *command = sys.argv[1:]
    subprocess.run(command, process_group=0 if where == "background" else None)
"""
CHILD = """
    import asyncio
    from config.run import terminal
    terminal.LOOK_SECONDS = 0.01
    async def main():
        watch = asyncio.create_task(terminal.is_closed_before_us())
        await asyncio.sleep(0)  # until it has looked once
        print("watching", flush=True)
        print(await watch)
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("where", "under", "ends"),
    [("foreground", [], True), ("background", [], False), ("foreground", ["nohup"], False)],
    ids=["in the foreground", "in the background", "under nohup"],
)
def test_a_closed_terminal_ends_its_foreground_though_the_leader_of_its_session_waits(
    where: str, under: list[str], *, ends: bool
) -> None:
    window, line = pty.openpty()
    command = [sys.executable, "-c", dedent(LEADER), where, *under, sys.executable, "-c", dedent(CHILD)]
    with subprocess.Popen(
        command, cwd=BASE_DIR, stdin=line, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        os.close(line)
        assert leader.stdout is not None
        assert leader.stdout.readline() == "watching\n"
        os.close(window)
        assert leader.stdout.read() == f"{ends}\n"


async def test_without_a_terminal_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ctermid", lambda: "/dev/no-terminal")
    assert not await is_closed_before_us()
