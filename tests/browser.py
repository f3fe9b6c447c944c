"""A Chromium for the browser tests: found on the machine, else installed where that may be done.

`python -m tests.browser` prints its path, or one line that says what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Debian's shell is Chromium without what headless nobody sees: the tests take a fifth less of the processor with it.
DEBIANS = "chromium-headless-shell"
NAMES = [DEBIANS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
MAC_APPLICATIONS = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
]
# In a process of its own, because Playwright's sync API refuses to run inside an asyncio loop.
PRINT_PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)


class NoBrowserError(RuntimeError):
    """No browser here, and none could be installed; the message says what to do."""


def find_or_install_browser() -> Path:
    """The path of a Chromium or Chrome that starts. Raises NoBrowserError."""
    for bring in (_nothing, _by_apt, _by_playwright):
        if bring() and (found := find_browser()):
            return found
    raise NoBrowserError(
        f"The browser tests need Chromium: install it (Debian: `sudo apt-get install {DEBIANS}`; elsewhere: "
        "`.venv/bin/playwright install --with-deps chromium`), then run make test again."
    )


def find_browser() -> Path | None:
    """The first browser of this machine that starts: system libraries may be missing, or it may be a mere signpost."""
    return next((path for path in _candidates() if _starts(path)), None)


def _candidates() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from (path for path in map(Path, MAC_APPLICATIONS) if path.exists())
    printed = subprocess.run([sys.executable, "-c", PRINT_PLAYWRIGHTS_OWN], capture_output=True, text=True, check=False)
    if (own := Path(printed.stdout.strip())).is_file():
        yield own


def _starts(path: Path) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "Chrom" in done.stdout


def _nothing() -> bool:
    return True


def _by_apt() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    _tried(["apt-get", "update"])
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    return _tried([*install, DEBIANS]) or _tried([*install, "chromium"])


def _by_playwright() -> bool:
    return _tried([sys.executable, "-m", "playwright", "install", "chromium"])


def _tried(command: list[str]) -> bool:
    """Whether the command succeeded; its own words are dropped, for a blocked network is no news here."""
    print(f"No browser yet; trying: {' '.join(command)}", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    try:
        print(f"Browser: {find_or_install_browser()}")
    except NoBrowserError as error:
        sys.exit(str(error))
