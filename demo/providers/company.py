"""The invented company: the files in `data/`, read once."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "data"
Entry = dict[str, Any]


@cache
def people() -> Entry:
    """`data/people.yaml`."""
    return _read("people")


@cache
def equity() -> Entry:
    """`data/equity.yaml`."""
    return _read("equity")


def _read(name: str) -> Entry:
    content: Entry = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def rippling_id(kind: str, key: str) -> str:
    """24 hexadecimal digits, the same at every start."""
    return hashlib.sha256(f"{kind} {key}".encode()).hexdigest()[:24]


def work_email(person: Entry) -> str:
    """An address that is unique though names are not."""
    return f"{person['key']}@{people()['email_domain']}"
