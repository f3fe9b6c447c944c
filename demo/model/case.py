"""What the prompt of draft_advice holds: the question, the sources, the facts, the day."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from demo.model.reading import Record, first_block, line_after, records
from demo.model.wording import Fact, tamed
from demo.model.words import stems


@dataclass(frozen=True)
class Source:
    """A playbook section. `text` is as stored, so that quotes from it are exact."""

    marker: str
    title: str
    jurisdictions: str
    law_as_of: str
    heading: str
    text: str

    @property
    def is_summary(self) -> bool:
        return "bottom line" in self.heading.lower()

    @property
    def is_counsel(self) -> bool:
        return any(sign in self.heading.lower() for sign in ("counsel", "attorney", "lawyer"))


@dataclass(frozen=True)
class Case:
    question: str
    sources: tuple[Source, ...]
    facts: tuple[Fact, ...]
    today: date

    @cached_property
    def asked(self) -> set[str]:
        """The stems of the question's words."""
        return stems(self.question)

    @property
    def rules(self) -> list[Source]:
        """The sections that state rules: neither a summary, nor the list of reasons to call counsel."""
        return [source for source in self.sources if not source.is_summary and not source.is_counsel]

    @property
    def restated(self) -> str:
        """The question in one line of at most 240 characters."""
        line = tamed(" ".join(self.question.split()))
        return line if len(line) <= 240 else f"{line[:240].rsplit(' ', 1)[0]} …"

    @property
    def titles(self) -> str:
        names = list(dict.fromkeys(source.title for source in self.sources))
        return ("the playbook " if len(names) == 1 else "the playbooks ") + " and ".join(f"*{name}*" for name in names)

    @property
    def law_dates(self) -> list[str]:
        """For each playbook its jurisdictions and the day to which its law was checked."""
        lines = (
            f"*{source.title}* covers {source.jurisdictions or 'no stated jurisdiction'}; its law was checked to "
            f"{source.law_as_of}."
            for source in self.sources
        )
        return list(dict.fromkeys(lines))


def read_case(prompt: str) -> Case:
    try:
        today = date.fromisoformat(line_after(prompt, "Today is").rstrip("."))
    except ValueError:
        today = date(2026, 1, 1)
    sources = tuple(_source(record) for record in records(prompt, "source"))
    facts = tuple(_fact(record) for record in records(prompt, "fact"))
    return Case(first_block(prompt, "question"), sources, facts, today)


def _source(record: Record) -> Source:
    law_as_of = record["law_as_of"] or "an unstated date"
    title, heading = tamed(record["title"]), tamed(record["heading"])
    return Source(record["marker"], title, tamed(record["jurisdictions"]), law_as_of, heading, record.text)


def _fact(record: Record) -> Fact:
    return Fact(
        marker=record["marker"],
        label=tamed(record["label"]).partition("?")[0].rstrip(". "),
        value=tamed(record["value"]),
        unit=tamed(record["unit"]),
        as_of=record["as_of"],
        source=record["source"],
        status=record["status"],
        turns_on_it=tamed(record["what_turns_on_it"]),
    )
