"""`services.json` and `secrets.json`."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded.files import write_private_json
from config.embedded.secrets import ensure_secrets, find_secrets
from config.embedded.services import Services, find_services, remove_services, write_services
from tests.databases import ROOT

SERVICES = Services("postgresql://user:secret@127.0.0.1:1/name", "redis://:secret@127.0.0.1:2/0")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_services_are_found_as_written_until_they_are_removed(tmp_path: Path) -> None:
    assert find_services(tmp_path) is None
    write_services(tmp_path, SERVICES)
    assert find_services(tmp_path) == SERVICES
    remove_services(tmp_path)
    assert find_services(tmp_path) is None


def test_addresses_hold_passwords_so_only_the_owner_may_read_them(tmp_path: Path) -> None:
    write_services(tmp_path, SERVICES)
    assert mode(tmp_path / "services.json") == 0o600


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    assert find_secrets(tmp_path) is None
    made = ensure_secrets(tmp_path / "new folder")
    assert ensure_secrets(tmp_path / "new folder") == made == find_secrets(tmp_path / "new folder")
    assert mode(tmp_path / "new folder" / "secrets.json") == 0o600


def test_secrets_are_fit_for_their_use_and_differ_between_installations(tmp_path: Path) -> None:
    one, other = ensure_secrets(tmp_path / "one"), ensure_secrets(tmp_path / "other")
    Fernet(one.field_encryption_keys)
    assert len(one.secret_key) >= 50, "Django's deployment check asks for 50 characters"
    assert not set(asdict(one).values()) & set(asdict(other).values())


def test_a_secret_that_a_newer_version_needs_is_added_without_changing_the_others(tmp_path: Path) -> None:
    write_private_json(tmp_path / "secrets.json", {"secret_key": "kept"})
    assert find_secrets(tmp_path) is None
    assert ensure_secrets(tmp_path).secret_key == "kept"


def test_a_command_without_a_secret_key_says_in_one_line_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "create_api_key", "--company", "demo"]
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DATABASE_URL": os.environ["DATABASE_URL"]}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY is not set"), done.stderr
    assert done.stderr.count("\n") == 1, "a traceback stands before what is to be done"
