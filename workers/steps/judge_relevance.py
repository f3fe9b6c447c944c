"""Step judge_relevance: does one playbook belong on the desk for this question? One call per candidate."""

from dataclasses import dataclass

from pydantic import Field

from workers.prompts import load_prompt
from workers.prompts.blocks import block, record, stack
from workers.steps.base import LLMRequest, Reply, request_for
from workers.steps.fitting import fit


@dataclass(frozen=True)
class SectionOpening:
    heading: str
    opening: str


@dataclass(frozen=True)
class JudgeRelevanceInput:
    """`law_as_of` is an ISO date; `budget` is how many characters all openings together may take in the prompt."""

    question: str
    title: str
    jurisdictions: tuple[str, ...]
    law_as_of: str
    topics: tuple[str, ...]
    sections: tuple[SectionOpening, ...]
    budget: int = 8_000


class JudgeRelevanceReply(Reply):
    reason: str = Field(min_length=1, max_length=300)
    score: int = Field(ge=0, le=100)
    relevant: bool


def build_request(given: JudgeRelevanceInput) -> LLMRequest[JudgeRelevanceReply]:
    return request_for(
        load_prompt("judge_relevance"),
        JudgeRelevanceReply,
        question=block("question", given.question),
        playbook=_playbook(given),
    )


def _playbook(given: JudgeRelevanceInput) -> str:
    about = {
        "title": given.title,
        "jurisdictions": ", ".join(given.jurisdictions),
        "law_as_of": given.law_as_of,
        "topics": ", ".join(given.topics),
    }
    openings = fit([section.opening for section in given.sections], given.budget)
    sections = (
        record("section", {"heading": section.heading}, opening)
        for section, opening in zip(given.sections, openings, strict=True)
    )
    return f"{record('playbook', about)}\n{stack(sections, '(no sections)')}"
