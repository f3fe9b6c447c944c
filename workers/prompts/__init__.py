"""The prompts: one text file a step, read once.

A file has two parts, each begun by a line of its own: `=== system ===`, then `=== user ===`. Both are
`string.Template`s; a dollar sign that is meant is written twice. What others wrote enters only through
`workers.prompts.blocks`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from string import Template

_SYSTEM, _USER = "=== system ===\n", "=== user ===\n"

Message = dict[str, str]


@dataclass(frozen=True)
class Prompt:
    """One step's prompt."""

    name: str
    system: str
    user: str

    def messages(self, **values: str) -> list[Message]:
        """The system and the user message. Raises KeyError for a name that the templates want and `values` lacks."""
        return [
            {"role": "system", "content": Template(self.system).substitute(values).strip()},
            {"role": "user", "content": Template(self.user).substitute(values).strip()},
        ]


@functools.cache
def load_prompt(name: str) -> Prompt:
    """The prompt in `workers/prompts/<name>.md`. Raises FileNotFoundError, or ValueError if a part is missing."""
    text = (Path(__file__).parent / f"{name}.md").read_text("utf-8")
    head, found, user = text.partition(_USER)
    if not found or not head.startswith(_SYSTEM):
        raise ValueError(f"{name}.md needs the lines {_SYSTEM.strip()!r} (first) and {_USER.strip()!r}")
    return Prompt(name, head.removeprefix(_SYSTEM), user)
