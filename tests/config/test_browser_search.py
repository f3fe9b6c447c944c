"""How a browser is found or installed for the browser tests."""

import os
import sys
from pathlib import Path

import pytest

from tests import browser


def put(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; the folder of its programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "MAC_APPLICATIONS", [])
    monkeypatch.setattr(browser, "PRINT_PLAYWRIGHTS_OWN", "")
    monkeypatch.setattr(sys, "executable", str(put(tmp_path, "python", "exit 1")))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_it_takes_what_is_there(machine: Path) -> None:
    chrome = put(machine, "google-chrome", "echo Google Chrome 140.0")
    assert browser.find_or_install_browser() == chrome


def test_it_passes_over_one_that_does_not_start(machine: Path) -> None:
    put(machine, "chromium", "echo 'error while loading shared libraries' >&2; exit 127")
    put(machine, "chromium-browser", "echo 'Command requires the snap to be installed'")
    chrome = put(machine, "google-chrome", "echo Google Chrome 140.0")
    assert browser.find_or_install_browser() == chrome


def test_it_lets_playwright_bring_one_where_there_is_no_apt(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = machine / "playwrights-own"
    installer = f"printf '#!/bin/sh\\necho Chromium 140' > {own} && /bin/chmod +x {own}"
    put(machine, "python", f'if [ "$1" = -m ]; then {installer}; else echo {own}; fi')
    assert browser.find_or_install_browser() == own


@pytest.mark.parametrize("package", ["chromium-headless-shell", "chromium"])
def test_it_lets_apt_bring_what_there_is_a_package_of(machine: Path, package: str) -> None:
    chromium = machine / package
    installer = f"printf '#!/bin/sh\\necho Chromium 140' > {chromium} && /bin/chmod +x {chromium}"
    put(machine, "apt-get", f'case "$*" in *" {package}") {installer};; install*) exit 100;; esac')
    assert browser.find_or_install_browser() == chromium


def test_an_ordinary_user_is_told_what_to_install(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(machine, "apt-get", "exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(browser.NoBrowserError, match="sudo apt-get install chromium-headless-shell"):
        browser.find_or_install_browser()
