"""Step derive_questions: which facts must be known before advice on this question can be given."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import block, one_line, record
from workers.steps.base import Kind, LLMRequest, Reply, request_for
from workers.steps.fitting import fit

FEWEST, MOST = 8, 15
_NOT_IN_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class FactNeeded:
    """One entry of a playbook's `facts_needed`. `source` is its hint where to look: rippling, carta, founder or "".

    `about`: company, person or matter; `lifetime_days`: for so long other matters may use the fact, 0: not at all.
    """

    key: str
    question: str
    why: str
    kind: Kind
    choices: tuple[str, ...] = ()
    source: str = ""
    about: str = "matter"
    lifetime_days: int = 0


@dataclass(frozen=True)
class SectionText:
    heading: str
    text: str


@dataclass(frozen=True)
class RelevantPlaybook:
    title: str
    facts_needed: tuple[FactNeeded, ...]
    sections: tuple[SectionText, ...]


@dataclass(frozen=True)
class DeriveQuestionsInput:
    """`budget` is how many characters the section texts of all playbooks together may take in the prompt."""

    question: str
    playbooks: tuple[RelevantPlaybook, ...]
    budget: int = 24_000


class DerivedQuestion(Reply):
    key: str = Field(min_length=1, max_length=60)
    text: str = Field(min_length=1, max_length=240)
    why: str = Field(min_length=1, max_length=240)
    kind: Kind
    choices: list[Annotated[str, Field(min_length=1, max_length=60)]] = Field(max_length=8)


class DeriveQuestionsReply(Reply):
    questions: list[DerivedQuestion] = Field(min_length=FEWEST, max_length=MOST)


@dataclass(frozen=True)
class Question:
    """A question of the matter. `key` matches `[a-z0-9_]{1,60}` and is unique in it; `choices` only for `choice`.

    `about` and `lifetime_days` are those of the fact needed; what no playbook names is about the matter alone.
    """

    key: str
    text: str
    why: str
    kind: Kind
    choices: tuple[str, ...] = ()
    source_hint: str = ""
    about: str = "matter"
    lifetime_days: int = 0


def build_request(given: DeriveQuestionsInput) -> LLMRequest[DeriveQuestionsReply]:
    return request_for(
        load_prompt("derive_questions"),
        DeriveQuestionsReply,
        question=block("question", given.question),
        playbooks=_playbooks(given) or "(no playbook was found)",
    )


def _playbooks(given: DeriveQuestionsInput) -> str:
    texts = iter(fit([s.text for playbook in given.playbooks for s in playbook.sections], given.budget))
    return "\n".join(_playbook(playbook, texts) for playbook in given.playbooks)


def _playbook(playbook: RelevantPlaybook, texts: Iterator[str]) -> str:
    facts = (_fact_needed(fact) for fact in playbook.facts_needed)
    sections = (record("section", {"heading": s.heading}, next(texts)) for s in playbook.sections)
    return "\n".join([record("playbook", {"title": playbook.title}), *facts, *sections])


def _fact_needed(fact: FactNeeded) -> str:
    choices = " | ".join(fact.choices)
    about = {"key": fact.key, "question": fact.question, "why": fact.why, "kind": fact.kind, "choices": choices}
    return record("fact_needed", about | {"source": fact.source})


def to_questions(given: DeriveQuestionsInput, reply: DeriveQuestionsReply) -> tuple[Question, ...]:
    """The questions to ask: repeats and blank ones left out, keys made unique, the playbooks' source hints added.

    Where fewer than eight are left, the facts that the playbooks need fill up. So there can be fewer than eight, or
    none, only if the playbooks name too few.
    """
    needed = {slug(fact.key): fact for playbook in given.playbooks for fact in playbook.facts_needed}
    asked = list(_different(_from_reply(question, needed) for question in reply.questions))
    spare = (_from_playbook(fact) for key, fact in needed.items() if key not in {q.key for q in asked})
    filled = _different([*asked, *spare])
    return tuple(_with_unique_keys(list(filled)[: max(FEWEST, len(asked))]))


def _from_reply(question: DerivedQuestion, needed: dict[str, FactNeeded]) -> Question:
    key = slug(question.key)
    return _question(key, question.text, question.why, question.kind, question.choices, needed.get(key))


def _from_playbook(fact: FactNeeded) -> Question:
    return _question(slug(fact.key), fact.question, fact.why, fact.kind, fact.choices, fact)


def _question(key: str, text: str, why: str, kind: Kind, choices: Iterable[str], needed: FactNeeded | None) -> Question:
    options = {option.casefold(): option for raw in choices if (option := one_line(raw))}
    chosen = tuple(options.values()) if kind == "choice" else ()
    if kind == "choice" and len(chosen) < 2:
        kind, chosen = "text", ()
    asked = Question(key, one_line(text), one_line(why), kind, chosen)
    if needed is None:
        return asked
    return replace(asked, source_hint=needed.source, about=needed.about, lifetime_days=needed.lifetime_days)


def slug(key: str) -> str:
    """`key` as `[a-z0-9_]{1,60}`; "fact" where nothing of it is left."""
    ascii_only = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    return _NOT_IN_KEY.sub("_", ascii_only.lower()).strip("_")[:60].rstrip("_") or "fact"


def _different(questions: Iterable[Question]) -> Iterator[Question]:
    seen: set[str] = set()
    for question in questions:
        words = question.text.casefold().rstrip("?.! ")
        if words and words not in seen:
            seen.add(words)
            yield question


def _with_unique_keys(questions: Iterable[Question]) -> Iterator[Question]:
    taken: set[str] = set()
    for question in questions:
        key, number = question.key, 2
        while key in taken:
            key, number = f"{question.key[:56]}_{number}", number + 1
        taken.add(key)
        # A second question by the same key asks for something that no playbook names.
        yield question if key == question.key else replace(question, key=key, about="matter", lifetime_days=0)
