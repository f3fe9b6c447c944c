"""`secrets.json` in DATA_DIR: what `make run` generates once when the environment does not set it."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded.files import make_private_folder, read_json, write_private_json

FILE_NAME = "secrets.json"


@dataclass(frozen=True)
class Secrets:
    """Everything is printable ASCII; keys are separated by commas, newest first: Fernet's, and Ed25519's as base64."""

    secret_key: str
    field_encryption_keys: str
    flower_password: str
    founder_password: str
    staff_password: str
    review_signing_key: str


def _password() -> str:
    return secrets.token_urlsafe(12)


GENERATORS: dict[str, Callable[[], str]] = {
    "secret_key": lambda: secrets.token_urlsafe(50),
    "field_encryption_keys": lambda: Fernet.generate_key().decode(),
    "flower_password": _password,
    "founder_password": _password,
    "staff_password": _password,
    "review_signing_key": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),  # RFC 8032: any 32 bytes are one
}


def find_secrets(data_dir: Path) -> Secrets | None:
    """The secrets kept in `data_dir`, or None when they were not generated (or not all of them)."""
    kept = read_json(data_dir / FILE_NAME)
    names = [field.name for field in fields(Secrets)]
    return Secrets(**{name: kept[name] for name in names}) if all(name in kept for name in names) else None


def ensure_secrets(data_dir: Path) -> Secrets:
    """Generates what is missing and keeps it (mode 0600). Call it under the lock on `data_dir`."""
    if found := find_secrets(data_dir):
        return found
    make_private_folder(data_dir)
    kept = read_json(data_dir / FILE_NAME)
    complete = Secrets(**{name: kept.get(name) or generate() for name, generate in GENERATORS.items()})
    write_private_json(data_dir / FILE_NAME, asdict(complete))
    return complete
