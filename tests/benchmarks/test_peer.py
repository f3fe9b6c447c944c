"""Without what the peer needs, one plain line says so, and the rest is measured alone."""

from pathlib import Path

import pytest

from benchmarks import node_peer


def node_says(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose Node is of that version."""
    node = folder / "node"
    node.write_text(f"#!/bin/sh\necho v{version}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_machine_without_node_is_told_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node_peer.missing() == "Node 20 or newer is not installed: the product and the floor are measured alone."


def test_a_node_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node_says(tmp_path, "18.20.4", monkeypatch)
    assert node_peer.missing() == "Node is 18.20.4, the peer needs 20: the product and the floor are measured alone."


def test_packages_that_cannot_be_had_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node_says(tmp_path, "22.1.0", monkeypatch)
    monkeypatch.setattr(node_peer, "FOLDER", tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error no such registry' >&2\nexit 1\n")
    npm.chmod(0o755)
    line = node_peer.missing()
    assert "no such registry" in line
    assert line.endswith("are measured alone.")
