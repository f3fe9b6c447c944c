"""From a playbook file to its front matter and sections; nothing is loaded that breaks a rule."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import frontmatter
import yaml
from django.utils.text import slugify
from pydantic import ValidationError

from playbooks.front_matter import FrontMatter, describe_problems

_HEADING = re.compile(r"^## +(.+?) *#* *$", re.MULTILINE)


class PlaybookFileError(Exception):
    """A file that is not a playbook: its name, each field that is wrong, and what to do about it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path.name}: {problem}" for problem in problems))


@dataclass(frozen=True)
class ParsedSection:
    heading: str
    anchor: str  # the heading as a URL fragment, different for each section of a file
    text: str  # Markdown


@dataclass(frozen=True)
class ParsedPlaybook:
    front: FrontMatter
    content_hash: str  # SHA-256 of the file's bytes, lower-case hex
    sections: tuple[ParsedSection, ...]


def parse_playbook(path: Path) -> ParsedPlaybook:
    """Read one file. Raises PlaybookFileError with every problem found, OSError if it can't be read."""
    content = path.read_bytes()
    metadata, body = _split(path, content)
    front, problems = _validate(path, metadata)
    sections = _cut_sections(body)
    problems += _find_section_problems(body, sections)
    if front is None or problems:
        raise PlaybookFileError(path, problems)
    return ParsedPlaybook(front, hashlib.sha256(content).hexdigest(), sections)


def _split(path: Path, content: bytes) -> tuple[dict[str, object], str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlaybookFileError(path, [f"byte {error.start} is not UTF-8: save the file as UTF-8"]) from error
    if "\x00" in text:
        raise PlaybookFileError(path, ["holds a NUL character: remove it"])
    try:
        metadata, body = frontmatter.parse(text)
    except (yaml.YAMLError, ValueError) as error:
        raise PlaybookFileError(path, [f"front matter: not valid YAML: {' '.join(str(error).split())}"]) from error
    if not metadata:
        raise PlaybookFileError(path, ["front matter: none found: begin the file with ---, the fields, and --- again"])
    return metadata, body


def _validate(path: Path, metadata: dict[str, object]) -> tuple[FrontMatter | None, list[str]]:
    try:
        front = FrontMatter.model_validate(metadata)
    except ValidationError as error:
        return None, describe_problems(error)
    if front.id != path.stem:
        return front, [f"id: {front.id!r} differs from the file's name: call the file {front.id}.md or change the id"]
    return front, []


def _cut_sections(body: str) -> tuple[ParsedSection, ...]:
    parts = _HEADING.split(body)[1:]  # what stands before the first heading is reported, not kept
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple(ParsedSection(heading, slugify(heading), text.strip()) for heading, text in pairs)


def _find_section_problems(body: str, sections: tuple[ParsedSection, ...]) -> list[str]:
    if not sections:
        return ["text: no sections: put a `## ` heading above each"]
    problems = [
        f"section {section.heading!r}: is empty: write it or remove it" for section in sections if not section.text
    ]
    if not _HEADING.match(body.lstrip()):
        problems.append(f"text: words stand before {sections[0].heading!r}: move them under a `## ` heading")
    anchors = [section.anchor for section in sections]
    twice = {section.heading for section in sections if anchors.count(section.anchor) > 1}
    return problems + [f"section {heading!r}: is there twice: give each its own heading" for heading in sorted(twice)]
