"""A downloaded file of advice and badge, and whether it holds: by the file and a public key alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from advice.review.binding import Advice, canonical, differences, digest, is_signed_by

_BADGE: dict[str, type] = {"statement": dict, "sha256": str, "signature": str, "public_key": str}


class NotABadge(ValueError):
    """The file is none that was downloaded as badge and advice, or was cut off; the message says where."""


def read_file(content: bytes) -> dict[str, Any]:
    """The file's `advice` and `badge`, with all their fields and no others. Raises NotABadge."""
    try:
        file = json.loads(content, object_pairs_hook=_unique)
        canonical(file)  # half a character, which JSON can name, has no UTF-8
    except (ValueError, RecursionError) as error:
        raise NotABadge(f"It is not JSON: {error}") from error
    _check(file, {"advice": dict, "badge": dict}, "the file")
    _check(file["badge"], _BADGE, "`badge`")
    _check(file["advice"], _types_of_advice(), "`advice`")
    if not all(isinstance(each, dict) for each in (*file["advice"]["sources"], *file["advice"]["facts"])):
        raise NotABadge("A source or fact in `advice` is no object.")
    if not all(isinstance(source.get("playbook"), str) for source in file["advice"]["sources"]):
        raise NotABadge("A source in `advice` names no playbook.")
    return dict(file)


def faults_of(file: dict[str, Any], public_keys: Sequence[str], markdown: bytes | None = None) -> list[str]:
    """Why the badge does not hold, each in a sentence; empty where it does. `markdown`: the bytes of an advice.md."""
    badge, advice = file["badge"], file["advice"]
    statement = badge["statement"]
    faults = [f"Changed since it was approved: {part}." for part in differences(statement, advice)]
    if digest(canonical(statement)) != badge["sha256"]:
        faults.append("The badge's own SHA-256 is not that of its statement.")
    if not is_signed_by(statement, badge["signature"], public_keys):
        faults.append("The signature is not by this key, or what it signs (reviewer, time, hashes) was changed.")
    if badge["public_key"] not in public_keys:
        faults.append("The file names another public key than the one it is held against.")
    if markdown is not None and digest(markdown) != statement.get("text_sha256"):
        faults.append("The Markdown file is not the text that was approved.")
    return faults


def _types_of_advice() -> dict[str, type]:
    return {name: getattr(hint, "__origin__", hint) for name, hint in get_type_hints(Advice).items()}


def _check(value: Any, fields: Mapping[str, type], where: str) -> None:
    """Exactly `fields`, each of its type: what is there beside them would be bound by nothing. Raises NotABadge."""
    if not isinstance(value, dict):
        raise NotABadge(f"Not an object: {where}.")
    if odd := sorted(value.keys() ^ fields.keys()):
        raise NotABadge(f"Missing in {where}, or too much: {', '.join(odd)}.")
    for name, kind in fields.items():
        if type(value[name]) is not kind:
            raise NotABadge(f"Not of its type in {where}: {name}.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that comes twice would hide one of the two values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
