"""The Makefile and `config/install.py` on machines that lack something: one clear line each."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import install
from config.env import BASE_DIR

NOWHERE = "http://127.0.0.1:1"


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make` as typed in a fresh terminal."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def own_words(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What we said: make adds that the recipe failed."""
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the installation needs of a fresh clone."""
    for name in ("Makefile", "pyproject.toml", "uv.lock", "config/install.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(BASE_DIR / name, tmp_path / name)
    return tmp_path


def test_make_alone_lists_the_commands(checkout: Path) -> None:
    words = make(checkout).stdout
    assert all(f"make {command}" in words for command in ("run", "test", "check"))


def test_a_python_that_is_too_old_is_named_with_what_is_needed(checkout: Path) -> None:
    (checkout / "bin").mkdir()
    for tool in ("make", "sh", "grep", "sed"):
        (checkout / "bin" / tool).symlink_to(shutil.which(tool) or "")
    old = checkout / "bin" / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    done = make(checkout, "run", PATH=str(old.parent))
    assert done.returncode != 0
    (line,) = own_words(done)
    assert line.startswith("Python 3.11 or newer is needed (found: Python 3.9.2).")


def test_without_a_network_it_says_so_in_one_line(checkout: Path) -> None:
    variables = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE}
    variables |= {name.lower(): value for name, value in variables.items()}
    done = make(
        checkout,
        "run",
        f"PYTHON={sys.executable}",
        PIP_CONFIG_FILE=os.devnull,
        PIP_RETRIES="0",
        UV_HTTP_RETRIES="0",
        UV_NO_CONFIG="1",
        UV_CACHE_DIR=str(checkout / "cache"),
        PIP_CACHE_DIR=str(checkout / "cache"),
        **variables,
    )
    assert done.returncode != 0
    announced, line = own_words(done)
    assert announced.startswith("Installing the packages")
    assert line.startswith("No network: the packages could not be fetched.")


PRESS_CTRL_C = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize(
    ("command", "imported"),
    [(["config/install.py"], "hashlib"), (["-m", "config.run"], "environ")],
    ids=["installation", "start"],
)
def test_ctrl_c_while_it_still_imports_ends_it_without_a_word(
    tmp_path: Path, command: list[str], imported: str
) -> None:
    """Somebody presses it as the first import begins."""
    for name in ("__init__", "env", "install"):
        (tmp_path / "config").mkdir(exist_ok=True)
        shutil.copy(BASE_DIR / f"config/{name}.py", tmp_path / f"config/{name}.py")
    for folder in (tmp_path, tmp_path / "config"):  # the first place in which a module, or a script, looks
        (folder / f"{imported}.py").write_text(PRESS_CTRL_C)
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


class TestInstall:
    """`config/install.py`, its commands only noted."""

    @pytest.fixture
    def commands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The commands that it runs; a `.venv` that works and has uv."""
        noted: list[str] = []

        def note(command: list[str | Path]) -> bool:
            noted.append(" ".join(map(str, command)))
            return True

        venv = tmp_path / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/uv").touch()
        shutil.copy(BASE_DIR / "uv.lock", tmp_path)
        for name, value in {
            "ROOT": tmp_path,
            "VENV": venv,
            "UV": venv / "bin/uv",
            "LOCK": tmp_path / "uv.lock",
        }.items():
            monkeypatch.setattr(install, name, value)
        monkeypatch.setattr(install, "STAMP", venv / "synced.json")
        monkeypatch.setattr(install, "UNFINISHED", venv / "unfinished")
        monkeypatch.setattr(install, "LOG", venv / "install.log")
        monkeypatch.setattr(install, "python_works", lambda: True)
        monkeypatch.setattr(install, "ran", note)
        monkeypatch.delenv("LOCAL_LLM", raising=False)
        return noted

    def test_it_does_nothing_when_the_lock_has_not_changed(self, commands: list[str]) -> None:
        install.main(set())
        assert len(commands) == 1
        install.main(set())
        assert len(commands) == 1, "every start would take seconds longer"

    def test_it_syncs_again_when_the_lock_has_changed(self, commands: list[str]) -> None:
        install.main(set())
        install.LOCK.write_text(install.LOCK.read_text() + "\n")
        install.main(set())
        assert len(commands) == 2

    def test_what_was_broken_off_is_begun_from_scratch(
        self, commands: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half a package is one that is installed, as far as uv can tell."""
        note = install.ran

        def break_off(command: list[str | Path]) -> bool:
            raise KeyboardInterrupt

        install.main(set())
        monkeypatch.setattr(install, "ran", break_off)
        with pytest.raises(KeyboardInterrupt):
            install.main({"dev"})
        monkeypatch.setattr(install, "ran", note)
        commands.clear()
        install.main(set())
        assert any("-m venv --clear" in command for command in commands)
        commands.clear()
        install.main(set())
        assert not commands, "it is whole now"

    def test_tests_need_more_than_a_run_and_a_run_takes_nothing_away(self, commands: list[str]) -> None:
        install.main(set())
        install.main({"dev"})
        install.main(set())
        assert len(commands) == 2
        assert "--no-dev" in commands[0]
        assert "--no-dev" not in commands[1]
        assert all("--inexact" in command for command in commands)

    @pytest.mark.parametrize(
        "dotenv",
        [
            "",
            "PORT=8000\nLOCAL_LLM={}\n",
            'PORT=8000\nLOCAL_LLM="{}"\n',
            "PORT=8000\n export LOCAL_LLM = '{}' \n",
            "\ufeffLOCAL_LLM={}\nPORT=8000\n",
        ],
        ids=["environment", "plain", "quotes", "spaces", "byte order mark"],
    )
    def test_llama_cpp_is_installed_only_where_local_llm_is_a_file(
        self, commands: list[str], monkeypatch: pytest.MonkeyPatch, dotenv: str
    ) -> None:
        model = install.ROOT / "small model.gguf"

        def wish() -> None:
            if dotenv:
                (install.ROOT / ".env").write_text(dotenv.format(model), encoding="utf-8")
            else:
                monkeypatch.setenv("LOCAL_LLM", str(model))

        install.main(set())
        wish()
        install.main(set())
        assert len(commands) == 1, "where there is no such file the start is refused, so nothing is loaded for it"
        assert "local-llm" not in commands[0]
        model.touch()
        install.main(set())
        assert "--extra local-llm" in commands[1]
        assert json.loads(install.STAMP.read_text())["groups"] == ["local-llm"]

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
    def test_a_dotenv_that_is_not_utf_8_is_left_to_the_start_which_says_so(
        self, commands: list[str], encoding: str
    ) -> None:
        (install.ROOT / ".env").write_text("# Schlüssel\n", encoding=encoding)
        install.main(set())
        assert len(commands) == 1

    def test_it_says_what_to_install_where_no_environment_can_be_made(
        self, commands: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(install, "python_works", lambda: False)
        monkeypatch.setattr(install, "ran", lambda command: False)
        monkeypatch.setattr(install, "can_use_apt", lambda: False)
        with pytest.raises(install.InstallError, match=r"apt-get install python3\.\d+-venv"):
            install.main(set())

    @pytest.mark.parametrize("fails", ["-m venv --clear /", "-m pip --python"])
    def test_debians_missing_ensurepip_is_got_round(
        self, commands: list[str], monkeypatch: pytest.MonkeyPatch, fails: str
    ) -> None:
        """Debian splits ensurepip off; with its pip the environment is made without, else its package is installed."""

        def run(command: list[str | Path]) -> bool:
            line = " ".join(map(str, command))
            installed = any("apt-get install" in done for done in commands)
            commands.append(line)
            return installed or not ("-m venv --clear /" in line or fails in line)

        monkeypatch.setattr(install, "python_works", lambda: False)
        monkeypatch.setattr(install, "ran", run)
        monkeypatch.setattr(install, "can_use_apt", lambda: True)
        monkeypatch.setattr(shutil, "which", lambda name: None)
        install.main(set())
        used_apt = any("apt-get install" in command for command in commands)
        assert used_apt == (fails == "-m pip --python")
        assert "uv sync" in commands[-1]


def test_a_user_without_a_home_has_the_packages_cached_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "LOG", tmp_path / "log")
    for name in ("UV_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def cache(home: Path) -> str:
        monkeypatch.setenv("HOME", str(home))
        assert install.ran(["sh", "-c", "echo cache: $UV_CACHE_DIR"])
        return install.LOG.read_text().splitlines()[-1]

    assert cache(tmp_path) == "cache:", "who has a home shares what was fetched for other checkouts"
    assert cache(tmp_path / "nonexistent") == f"cache: {tmp_path}/.cache"
