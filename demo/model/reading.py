"""Reading a prompt's tagged blocks: `<tag>`, `name: value` lines, an empty line, free text, `</tag>`."""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"([a-z_]+): (.*)")


@dataclass(frozen=True)
class Record:
    """One block: its fields, and the text below them."""

    fields: dict[str, str]
    text: str

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def blocks(prompt: str, tag: str) -> list[str]:
    """What stands in each `<tag>` block, in order. Inside, `<` is written `&lt;`."""
    found = re.findall(rf"^<{tag}>\n(.*?)\n?^</{tag}>$", prompt, re.DOTALL | re.MULTILINE)
    return [content.replace("&lt;", "<").strip() for content in found]


def first_block(prompt: str, tag: str) -> str:
    return next(iter(blocks(prompt, tag)), "")


def records(prompt: str, tag: str) -> list[Record]:
    return [_record(content) for content in blocks(prompt, tag)]


def first_record(prompt: str, tag: str) -> Record:
    return next(iter(records(prompt, tag)), Record({}, ""))


def line_after(prompt: str, label: str) -> str:
    """The rest of the line that begins with `label`."""
    found = re.search(rf"^{re.escape(label)}(.*)$", prompt, re.MULTILINE)
    return found[1].strip() if found else ""


def _record(content: str) -> Record:
    head, _, text = content.partition("\n\n")
    matches = [_FIELD.match(line) for line in head.splitlines()]
    return Record({match[1]: match[2] for match in matches if match}, text.strip())
