"""What stands above a playbook's text: the front matter, its rules, and what a breach of each is called.

`docs/playbooks.md` explains every field to those who write playbooks.
"""

import datetime
import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

FactKind = Literal["text", "yes_no", "date", "money", "number", "choice"]
FactSource = Literal["rippling", "carta", "founder"]
FactAbout = Literal["company", "person", "matter"]
# For so many days a fact may serve later matters, unless the playbook says otherwise: counts and pay change soon, the
# words of agreements seldom, a day that has passed never.
LIFETIME_DAYS: dict[FactKind, int] = {"number": 7, "money": 30, "yes_no": 90, "choice": 90, "text": 90, "date": 365}
LONGEST_LIFETIME_DAYS = 3650


def _check_slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError(f"{value!r} must be lower-case words joined by hyphens, such as founder-departure")
    return value


def _check_snake_case(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", value):
        raise ValueError(f"{value!r} must be in snake_case, such as severance_terms")
    return value


def _check_jurisdiction(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{2,3})?", value):
        raise ValueError(f"{value!r} must be a country, or a country and a state, such as US or US-CA")
    return value


def _check_one_word(value: str) -> str:
    # A phrase would be split into its words, and "let go" would then be found by anyone who asks where to go.
    if not re.fullmatch(r"[A-Za-z0-9]+", value):
        raise ValueError(f"{value!r} must be one word of letters and digits: split a phrase, write cofounder")
    return value


def _check_distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    seen: set[str] = set()
    for value in (value.casefold() for value in values):
        if value in seen:
            raise ValueError(f"{value!r} is there twice: remove one")
        seen.add(value)
    return values


Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, Field(max_length=80), AfterValidator(_check_slug)]
Key = Annotated[str, Field(max_length=80), AfterValidator(_check_snake_case)]
Jurisdiction = Annotated[str, AfterValidator(_check_jurisdiction)]
Topic = Annotated[str, Field(max_length=40), AfterValidator(_check_one_word)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FactNeeded(_Strict):
    """A fact without which the playbook can't be applied, and who is likely to know it."""

    key: Key
    question: Sentence
    why: Sentence
    kind: FactKind
    source: FactSource
    choices: tuple[Sentence, ...] = ()
    about: FactAbout = "matter"
    lifetime_days: Annotated[int, Field(ge=1, le=LONGEST_LIFETIME_DAYS)] | None = None

    @property
    def days_fresh(self) -> int:
        """For so many days the fact may serve later matters; 0: for none."""
        return 0 if self.about == "matter" else self.lifetime_days or LIFETIME_DAYS[self.kind]

    @model_validator(mode="after")
    def _lifetime_belongs_to_what_lasts(self) -> Self:
        if self.about == "matter" and self.lifetime_days is not None:
            raise ValueError(
                "lifetime_days is for facts about the company or a person, which later matters are offered: say about, "
                "or remove it"
            )
        return self

    @model_validator(mode="after")
    def _choices_belong_to_a_choice(self) -> Self:
        if self.kind == "choice" and len(self.choices) < 2:
            raise ValueError("a fact of kind choice needs at least two choices: list them, or take another kind")
        if self.kind != "choice" and self.choices:
            raise ValueError(f"choices belong to kind choice, this one is {self.kind}: remove them or change the kind")
        _check_distinct(self.choices)
        return self


class Review(_Strict):
    """Whether an attorney has read this text, and the points that still wait for one."""

    state: Literal["needed", "reviewed"]
    points: tuple[Sentence, ...] = ()
    by: Sentence | None = None
    date: datetime.date | None = None

    @model_validator(mode="after")
    def _reviewed_says_who_and_when(self) -> Self:
        if self.state == "reviewed" and not (self.by and self.date):
            raise ValueError("a reviewed playbook says by whom (by) and when (date): add both")
        if self.state == "needed" and not self.points:
            raise ValueError("state needed lists the points to look at: add points")
        return self


class FrontMatter(_Strict):
    """The whole front matter of one playbook file."""

    id: Slug
    title: Annotated[Sentence, Field(max_length=200)]
    jurisdictions: Annotated[tuple[Jurisdiction, ...], Field(min_length=1), AfterValidator(_check_distinct)]
    law_as_of: datetime.date
    topics: Annotated[tuple[Topic, ...], Field(min_length=3), AfterValidator(_check_distinct)]
    facts_needed: Annotated[tuple[FactNeeded, ...], Field(min_length=10, max_length=15)]
    review: Review

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        try:
            _check_distinct(tuple(fact.key for fact in self.facts_needed))
        except ValueError as error:
            raise ValueError(f"facts_needed: the key {error}") from error
        return self


def describe_problems(error: ValidationError) -> list[str]:
    """One line for each breach: which field (items are counted from 1) and what to do."""
    return [f"{_name_field(problem['loc'])}{_say_what_to_do(problem)}" for problem in error.errors()]


def _name_field(location: Sequence[int | str]) -> str:
    words = [f"item {part + 1}" if isinstance(part, int) else part for part in location]
    return ", ".join(words) + ": " if words else ""


def _say_what_to_do(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "is missing: add it"
    if problem["type"] == "extra_forbidden":
        return "is not a field of a playbook: correct its spelling or remove it"
    if problem["type"] == "string_type":
        return f"must be text, not {problem['input']!r}: put it in quotes"
    return problem["msg"].removeprefix("Value error, ")
