"""How the demo model puts things: origin and disclosure, quotes with their markers, facts in a line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from demo.model.passages import Passage

ORIGIN = (
    "> **Demo model.** This text was assembled from the playbook and the facts by the demo model. It was not written "
    "by a language model."
)
DISCLOSURE = (
    "---\n\nMachine-generated, and reviewed by nobody unless a badge beside it says who. No attorney–client "
    "relationship is formed by it."
)
_DOUBTS = {"unknown": "not known", "unverified": "not verified"}
_SENTENCE_END = re.compile(r"[.!?]+(?=\s)")
_TAMED = str.maketrans(
    {"[": "(", "]": ")", '"': "'", "“": "'", "”": "'", "*": "", "`": "", "|": "/", "#": "", "_": " "}
)


@dataclass(frozen=True)
class Fact:
    """A gathered fact, its words tamed for Markdown. `status` is known, unverified or unknown."""

    marker: str
    label: str
    value: str
    unit: str
    as_of: str
    source: str
    status: str
    turns_on_it: str = ""

    @property
    def short_label(self) -> str:
        """The label in at most 70 characters, whole words."""
        return self.label if len(self.label) <= 70 else f"{self.label[:70].rsplit(' ', 1)[0]} …"


def tamed(text: str) -> str:
    """`text` without what Markdown, a marker or a quotation could be made of."""
    return text.translate(_TAMED)


def quoted(passage: Passage, marker: str) -> str:
    """The passage word for word in double quotes, its marker behind, what leads its line before."""
    lead = f"{tamed(passage.lead)}: " if passage.lead else ""
    return f'{lead}"{passage.text}" [{marker}]'


def shown_value(fact: Fact) -> str:
    """Value and unit as one sentence of at most 160 characters."""
    value = _SENTENCE_END.sub(";", fact.value).rstrip(".!?")
    short = value if len(value) <= 160 else f"{value[:160].rsplit(' ', 1)[0]} …"
    return f"{short} {fact.unit}" if fact.unit and fact.unit.lower() not in value.lower() else short


def fact_line(fact: Fact) -> str:
    """Label, value, where it comes from, as of when, and its marker."""
    doubt = ", not verified" if fact.status == "unverified" else ""
    as_of = f", as of {fact.as_of}" if fact.as_of else ""
    origin = f"source: {fact.source or 'not stated'}{as_of}{doubt}"
    return f"**{fact.short_label}:** {shown_value(fact)} ({origin}) [{fact.marker}]"


def assumptions(facts: Sequence[Fact]) -> str:
    """The section on what is assumed of facts that nobody knows or could verify, and what would flip the answer."""
    lines = [f"- {_assumed(fact)}" for fact in facts if fact.status in _DOUBTS]
    always = "- What is known is complete, and still true on the day you act. If a value changes, so do its steps."
    return "\n\n".join(["## Assumptions", "\n".join([*lines, always])])


def _assumed(fact: Fact) -> str:
    turns = f" If it is otherwise, this turns: {fact.turns_on_it}" if fact.turns_on_it else ""
    if fact.status == "unverified":
        return f"Not verified: {fact.short_label} [{fact.marker}]. Assumed to be as you put it.{turns}"
    return f"Not known: {fact.short_label} [{fact.marker}]. Assumed is what is safer to act on.{turns}"


def open_facts(facts: Sequence[Fact]) -> str:
    """The section on facts that are unknown or not verified."""
    doubtful = (fact for fact in facts if fact.status in _DOUBTS)
    lines = [f"- {fact.short_label}: {_DOUBTS[fact.status]} [{fact.marker}]" for fact in doubtful]
    if not lines:
        return "## What is missing\n\nNothing that was asked for. What nobody asked about may still matter."
    head = "Get the paper for each before the step that needs it:"
    return "\n\n".join(["## What is missing", head, "\n".join(lines)])
