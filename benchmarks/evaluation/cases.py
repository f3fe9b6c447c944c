"""The cases, as they stand in cases.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True)
class Labelled:
    """A founder's words, and what they mean: a value (with its unit where it matters), words, or nothing readable."""

    words: str
    value: str | None = None
    unit: str | None = None
    has: tuple[str, ...] = ()
    unreadable: bool = False


@dataclass(frozen=True)
class Case:
    """One question. `playbooks` must be found relevant, `also` may be; neither: none may."""

    question: str
    playbooks: frozenset[str]
    also: frozenset[str]
    answers: Mapping[str, Labelled]


def load_cases(path: Path = CASES) -> list[Case]:
    """All cases, in the order of the file. Raises KeyError or TypeError for a file that is not made right."""
    return [_case(entry) for entry in tomllib.loads(path.read_text())["case"]]


def _case(entry: dict[str, Any]) -> Case:
    answers = {key: _labelled(dict(given)) for key, given in entry.get("answers", {}).items()}
    return Case(entry["question"], frozenset(entry["playbooks"]), frozenset(entry.get("also", ())), answers)


def _labelled(given: dict[str, Any]) -> Labelled:
    return Labelled(value=given.pop("is", None), has=tuple(given.pop("has", ())), **given)
