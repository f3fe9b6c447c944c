"""What an approval binds: an advice as canonical JSON, the statement about it, and the Ed25519 signature over that.

Pure, so that it can be proved where there is no database. Canonical JSON has sorted names, no white space and is UTF-8.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "matterstream-review-1"
KEY_LENGTH = 32  # bytes: RFC 8032


class Advice(TypedDict):
    """All of an advice that an approval binds. `sources` have `playbook` and `version`, the SHA-256 of its file."""

    matter: str
    version: int
    attempt: int
    model: str
    question: str
    content: str
    sources: list[dict[str, Any]]
    facts: list[dict[str, Any]]


class BadKey(ValueError):
    """A key that is no base64 of 32 bytes; the message says so."""


# How each bound part is named to people, by its name in the statement.
PARTS = {
    "format": "the format",
    "matter": "the matter's id",
    "version": "the number of the version",
    "attempt": "the number of the attempt",
    "model": "the model",
    "question_sha256": "the question",
    "text_sha256": "the text of the advice",
    "sources_sha256": "the sources",
    "facts_sha256": "the facts used",
    "playbooks": "the versions of the playbooks",
}


def canonical(value: Any) -> bytes:
    """The one way in which `value` is written as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(value).hexdigest()


def bound_parts(advice: Advice) -> dict[str, Any]:
    """The part of a statement that follows from the advice alone."""
    playbooks = {(source["playbook"], source.get("version", "")) for source in advice["sources"]}
    return {
        "format": FORMAT,
        "matter": advice["matter"],
        "version": advice["version"],
        "attempt": advice["attempt"],
        "model": advice["model"],
        "question_sha256": digest(advice["question"].encode()),
        "text_sha256": digest(advice["content"].encode()),
        "sources_sha256": digest(canonical(advice["sources"])),
        "facts_sha256": digest(canonical(advice["facts"])),
        "playbooks": [{"playbook": name, "version": version} for name, version in sorted(playbooks)],
    }


def statement_of(advice: Advice, reviewed_by: str, approved_at: str) -> dict[str, Any]:
    """What a reviewer signs: that they approved exactly this advice. `approved_at`: RFC 3339."""
    return bound_parts(advice) | {"reviewed_by": reviewed_by, "approved_at": approved_at}


def differences(statement: dict[str, Any], advice: Advice) -> list[str]:
    """The parts of `advice` that are not as the statement says, in words; empty where all are."""
    now = bound_parts(advice)
    return [words for name, words in PARTS.items() if statement.get(name) != now[name]]


def sign(statement: dict[str, Any], key: str) -> str:
    """The signature, base64. Raises BadKey."""
    return base64.b64encode(_private(key).sign(canonical(statement))).decode()


def is_signed_by(statement: dict[str, Any], signature: str, public_keys: Sequence[str]) -> bool:
    """Whether the owner of one of `public_keys` signed exactly this statement. Raises BadKey."""
    return any(_verifies(statement, signature, key) for key in public_keys)


def public_key_of(key: str) -> str:
    """The public key, base64, that proves what `key` signed. Raises BadKey."""
    return base64.b64encode(_private(key).public_key().public_bytes_raw()).decode()


def _verifies(statement: dict[str, Any], signature: str, public_key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(_bytes_of(public_key)).verify(
            base64.b64decode(signature, validate=True), canonical(statement)
        )
    except (InvalidSignature, binascii.Error, ValueError) as error:
        if isinstance(error, BadKey):
            raise
        return False
    return True


def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes_of(key))


def _bytes_of(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_LENGTH:
        raise BadKey(f"A review key must be the base64 of {KEY_LENGTH} bytes.")
    return raw
