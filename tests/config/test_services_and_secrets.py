"""`services.json` and `secrets.json`."""

import asyncio
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import Mock

from cryptography.fernet import Fernet

from config.embedded.files import write_private_json
from config.embedded.secrets import ensure_secrets, find_secrets
from config.embedded.services import Services, find_services, remove_services, write_services
from config.run import children
from config.run.startup import Startup
from config.run.wishes import read_wishes
from tests.databases import ROOT

MODEL = {"OPENAI_BASE_URL": "http://127.0.0.1:3/v1", "OPENAI_API_KEY": "secret"}
POOLED, DIRECT = "postgresql://app@127.0.0.1:1/app", "postgresql://app@127.0.0.1:2/app"
SERVICES = Services("postgresql://user:secret@127.0.0.1:1/name", "redis://:secret@127.0.0.1:2/0", MODEL)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_services_are_found_as_written_until_they_are_removed(tmp_path: Path) -> None:
    assert find_services(tmp_path) is None
    write_services(tmp_path, SERVICES)
    assert find_services(tmp_path) == SERVICES
    remove_services(tmp_path)
    assert find_services(tmp_path) is None


def test_what_is_started_beside_make_run_asks_the_model_and_the_providers_that_it_started(tmp_path: Path) -> None:
    write_services(tmp_path, SERVICES)
    ensure_secrets(tmp_path)
    ask = "from django.conf import settings as s; print(s.OPENAI_BASE_URL, s.OPENAI_API_KEY)"
    assert said_by(ask, tmp_path) == "http://127.0.0.1:3/v1 secret"
    assert said_by(ask, tmp_path, OPENAI_API_KEY="mine") == "http://127.0.0.1:3/v1 mine"
    assert said_by(ask, tmp_path, DATABASE_URL="postgresql://other@127.0.0.1:1/x") == "", "it is another product"


def test_what_is_started_beside_make_run_knows_that_there_is_a_pooler(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    redis = "redis://127.0.0.1:2/0"
    wishes = replace(read_wishes(), data_dir=tmp_path, database_url=POOLED, listen_database_url=DIRECT, redis_url=redis)
    asyncio.run(Startup(Mock(), Mock(), wishes, ensure_secrets(tmp_path), 0)._databases())
    ask = "from django.conf import settings as s; print(s.DATABASE_URL, s.LISTEN_DATABASE_URL, s.PREPARE_THRESHOLD)"
    assert said_by(ask, tmp_path) == f"{POOLED} {DIRECT} None"


def said_by(code: str, data_dir: Path, **variables: str) -> str:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "SECRET_KEY": "x"}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""} | variables
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_worker_without_a_model_does_not_start_and_says_what_to_set(tmp_path: Path) -> None:
    command = [sys.executable, "-m", *children.worker("alone", 1)]
    write_services(tmp_path, Services(POOLED, "redis://127.0.0.1:2/0"))
    ensure_secrets(tmp_path)
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("OPENAI_API_KEY is not set"), done.stderr


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
