"""Makes `.venv` hold what `uv.lock` says. Run by the Makefile with the machine's own Python (3.11 or newer).

Standard library only, and no import of the project: at this point nothing is installed yet.

    python3 -I config/install.py [dev]        LOCAL_LLM=/path/model.gguf adds the extra `local-llm`
"""

import signal
import sys

if __name__ == "__main__":  # from here on Ctrl-C ends it without a traceback
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
LOCK = ROOT / "uv.lock"
STAMP = VENV / "synced.json"
UNFINISHED = VENV / "unfinished"
LOG = VENV / "install.log"
OLDEST = (3, 11)
DEBIAN_PACKAGE = f"python3.{sys.version_info.minor}-venv"


class InstallError(Exception):
    """One line for the person who typed `make`."""


def main(wanted: set[str]) -> None:
    """Brings `.venv` up to date; does nothing, in a few milliseconds, where it is."""
    if local_model_is_wanted():
        wanted = wanted | {"local-llm"}
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    synced_lock, synced_groups = read_stamp()
    if synced_lock == lock and wanted <= synced_groups and python_works() and not UNFINISHED.exists():
        return
    print("Installing the packages of uv.lock into .venv ...", flush=True)
    LOG.unlink(missing_ok=True)
    if UNFINISHED.exists() or not python_works():  # of what was broken off, half a package passes for the whole
        make_venv()
    UNFINISHED.touch()
    if not UV.exists():
        install_uv()
    groups = wanted | synced_groups
    sync(groups)
    STAMP.write_text(json.dumps({"lock": lock, "groups": sorted(groups)}))
    UNFINISHED.unlink()


def local_model_is_wanted() -> bool:
    """Whether LOCAL_LLM is a file, in the environment or else in .env. What is none is refused by what reads it.

    So is a .env that can't be read, before anything is started: `read_dotenv` in config/env.py says what is wrong.
    """
    dotenv = ROOT / ".env"
    text = dotenv.read_text(encoding="utf-8-sig", errors="replace") if dotenv.exists() else ""
    line = re.search(r"^[ \t]*(?:export[ \t]+)?LOCAL_LLM[ \t]*=[ \t]*(['\"]?)(.*?)\1\s*$", text, re.MULTILINE)
    path = os.environ.get("LOCAL_LLM") or (line[2] if line else "")
    return bool(path) and Path(path).is_file()


def read_stamp() -> tuple[str, set[str]]:
    """What the last sync left: the lock's hash and the groups; both empty when there was none."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return "", set()
    return stamp["lock"], set(stamp["groups"])


def python_works() -> bool:
    """Whether `.venv` has an interpreter that runs: it is a link, and what it points to may have gone or moved."""
    script = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([PYTHON, "-c", script], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """A new `.venv`; where Debian split ensurepip off, one without pip, or with the missing package by apt."""
    STAMP.unlink(missing_ok=True)
    venv = [sys.executable, "-m", "venv", "--clear"]
    if ran([*venv, VENV]) or (has_pip() and ran([*venv, "--without-pip", VENV])):
        return
    if shutil.which("uv") and ran(["uv", "venv", "--clear", "--python", sys.executable, VENV]):
        return
    if can_use_apt() and install_with_apt(DEBIAN_PACKAGE) and ran([*venv, VENV]):
        return
    raise InstallError(
        f"This Python ({sys.executable}) cannot make a virtual environment: install {DEBIAN_PACKAGE} "
        f"(`sudo apt-get install {DEBIAN_PACKAGE}`) or uv, then run make again."
    )


def has_pip() -> bool:
    """Whether the machine's Python has a pip that can install into another environment (22.3 or newer)."""
    return ran([sys.executable, "-m", "pip", "--python", sys.executable, "--version"])


def can_use_apt() -> bool:
    """Whether packages of the system may be installed here without asking for a password."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_with_apt(package: str) -> bool:
    """Installs one Debian package."""
    print(f"Installing {package} with apt-get ...", flush=True)
    return ran(["apt-get", "update"]) and ran(["apt-get", "install", "-y", "--no-install-recommends", package])


def install_uv() -> None:
    """The uv that the lock file pins, so that everybody resolves with the same one."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    version = next(package["version"] for package in packages if package["name"] == "uv")
    interpreter = PYTHON if ran([PYTHON, "-m", "pip", "--version"]) else sys.executable
    options = ["--disable-pip-version-check", "--retries=1", "--quiet", f"uv=={version}"]
    if ran([interpreter, "-m", "pip", "--python", PYTHON, "install", *options]):
        return
    found = shutil.which("uv")  # any uv installs the pinned one
    if found and ran([found, "pip", "install", "--python", PYTHON, f"uv=={version}"]):
        return
    raise unreachable()


def sync(groups: set[str]) -> None:
    """`uv sync` for the product, and the `dev` group or the extras among `groups`; it takes nothing away."""
    # Compiled once here: else each of a dozen processes does it again where PYTHONDONTWRITEBYTECODE is set.
    options = ["--frozen", "--inexact", "--compile-bytecode", "--no-progress", "--python", str(PYTHON)]
    options += [] if "dev" in groups else ["--no-dev"]
    options += [part for group in sorted(groups - {"dev"}) for part in ("--extra", group)]
    if not ran([UV, "sync", *options]):
        raise unreachable()


def unreachable() -> InstallError:
    """The error for an install that failed, nearly always for want of a network."""
    lines = LOG.read_text(errors="replace").split("\n") if LOG.exists() else []
    network = re.compile("dns|connect|timed? ?out|network|name resolution|unreachable|proxy", re.IGNORECASE)
    if any(network.search(line) for line in lines):
        return InstallError(
            f"No network: the packages could not be fetched. Connect and run make again ({LOG} has more)."
        )
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
    return InstallError(f"The packages could not be installed: {last} ({LOG} has more)")


def ran(command: list[str | Path]) -> bool:
    """Runs a command with its words kept in the log; whether it succeeded."""
    environment = os.environ | {
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON_DOWNLOADS": "never",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~")
    if not os.access(home, os.W_OK):  # as of a user that a system made for a service
        environment.setdefault("UV_CACHE_DIR", str(VENV / ".cache"))
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    VENV.mkdir(exist_ok=True)
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    try:
        main(set(sys.argv[1:]))
    except (InstallError, OSError) as error:
        sys.exit(str(error))
