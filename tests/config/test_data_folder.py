"""DATA_DIR: one start at a time, and the leftovers of one that was killed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded.files import write_private_json
from config.embedded.processes import start_mark
from config.run.folder import DataFolder, FolderError
from tests.config.waiting import wait_until


@pytest.fixture
def stray() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def write_record(folder: Path, **children: Any) -> None:
    folder.mkdir(exist_ok=True)
    write_private_json(folder / "run.json", {"children": children})


def test_a_second_start_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with DataFolder(tmp_path), pytest.raises(FolderError, match=rf"running already on .* \(pid {os.getpid()}\)"):
        DataFolder(tmp_path)
    with DataFolder(tmp_path):
        pass  # once the first has ended, the folder is free


def test_a_note_of_who_runs_that_cannot_be_written_ends_nobody(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        shutil.rmtree(tmp_path / "data")
        folder.record([])


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=r"DATA_DIR .* cannot be written .*: set DATA_DIR"):
        DataFolder(tmp_path / "file" / "data")


def test_it_ends_what_a_killed_start_left_running(tmp_path: Path, stray: subprocess.Popen[bytes]) -> None:
    write_record(tmp_path, worker1=[stray.pid, start_mark(stray.pid), 15])
    with DataFolder(tmp_path) as folder:
        assert folder.end_leftovers() == ["worker1"]
    wait_until(lambda: stray.poll() is not None, "a leftover would work on the same database beside the new ones")


def test_it_leaves_alone_who_merely_carries_the_number_of_a_leftover(
    tmp_path: Path, stray: subprocess.Popen[bytes]
) -> None:
    write_record(tmp_path, worker1=[stray.pid, "another boot:1", 15])
    with DataFolder(tmp_path) as folder:
        assert folder.end_leftovers() == []
    assert stray.poll() is None, "a stranger's process was ended"
