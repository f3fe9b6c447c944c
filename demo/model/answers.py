"""The step normalise_answer: reads a founder's words as the kind of value that the question wants."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.model.amounts import Amount, find_amounts, period, plain
from demo.model.dates import FoundDate, find_dates, without_dates, words_for
from demo.model.reading import Record, first_block, first_record, line_after

_UNSURE = re.compile(
    r"\b(?:i|we)?\s*(?:do ?n[o']?t|don’t|cannot|can['’]?t|not)\s+(?:know|say|sure|certain|remember|recall|tell)\b"
    r"|\bno idea\b|\bunsure\b|\bunknown\b|\bmaybe\b|\bperhaps\b|\bnot yet clear\b|^\W*(?:idk|n/?a|\?+)\W*$",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|y|correct|true|right|sure|indeed|absolutely|definitely|of course)\b", re.IGNORECASE
)
_NO = re.compile(r"^\W*(?:no|nope|nah|n|not|never|none|false|incorrect|nothing|nobody)\b", re.IGNORECASE)
_DENIAL = re.compile(r"\b(?:no|not|never|none|nothing|nobody|without)\b|n['’]t\b", re.IGNORECASE)
_AFFIRMED = re.compile(r"\b(?:is|are|was|were|has|have|had|did|does|do|will|can)\b", re.IGNORECASE)
_MIXED = re.compile(r"\byes and no\b|\byes\b.*\bbut no\b", re.IGNORECASE)
_AS_OF = re.compile(r"\b(?:as of|as at|effective|per)\s*$", re.IGNORECASE)  # "on" and "since" may be of another event


@dataclass(frozen=True)
class Answer:
    """The founder's words, the question's record, and what was found in the words."""

    words: str
    question: Record
    today: date
    dates: list[FoundDate]

    @property
    def without_dates(self) -> str:
        return without_dates(self.words, self.dates)


class UnclearError(Exception):
    """The words give no value of the kind. `str()` tells the founder what would."""


Value = tuple[Any, str | None, str]


def normalise_answer(prompt: str) -> dict[str, Any]:
    """The reply to the prompt, readable or not."""
    words = " ".join(first_block(prompt, "answer").split())
    today = _today(prompt)
    answer = Answer(words, first_record(prompt, "question"), today, find_dates(words, today))
    try:
        value, unit, shown = _read(answer)
    except UnclearError as unclear:
        said = f"To “{_subject(answer)}” the founder said: {words or '(nothing)'}"
        return _reply(said, problem=str(unclear))
    return _reply(f"{_subject(answer)}: {shown}.", value=value, unit=unit, as_of=_as_of(answer))


def answer_in(question: Record, sentence: str) -> str | None:
    """What a sentence of a document answers to the question, in its own words; None where it does not say it."""
    today = date(2026, 1, 1)
    answer = Answer(sentence, question, today, find_dates(sentence, today))
    try:
        value, _, _ = _read(answer)
    except UnclearError:
        return None
    if question["kind"] == "date":
        return sentence[answer.dates[0].start : answer.dates[0].end]
    if question["kind"] == "choice":
        return str(value)
    return f"{value}: {sentence}" if question["kind"] == "yes_no" else sentence


def _reply(
    statement: str, value: Any = None, unit: str | None = None, as_of: str | None = None, problem: str | None = None
) -> dict[str, Any]:
    known = {"value": value, "unit": unit, "as_of": as_of}
    return {"problem": problem, "readable": problem is None, "statement": statement, **known}


def _today(prompt: str) -> date:
    try:
        return date.fromisoformat(line_after(prompt, "Today is").rstrip("."))
    except ValueError:
        return date(2026, 1, 1)


def _subject(answer: Answer) -> str:
    return answer.question["text"].rstrip("?. ")


def _read(answer: Answer) -> Value:
    if not answer.words:
        raise UnclearError("The answer is empty.")
    if _UNSURE.search(answer.words) and len(answer.words.split()) <= 12:
        raise UnclearError("The answer says that this is not known. If that is so, choose “I don't know”.")
    return _READERS.get(answer.question["kind"], _text)(answer)


def _text(answer: Answer) -> Value:
    return answer.words, None, answer.words.rstrip(".")


def _yes_no(answer: Answer) -> Value:
    yes, no = _YES.search(answer.words), _NO.search(answer.words)
    if _MIXED.search(answer.words) or not (yes or no or _short_claim(answer.words)):
        raise UnclearError("This could be yes or no. Please begin with one of the two words.")
    value = "yes" if yes else "no" if no or _DENIAL.search(answer.words) else "yes"
    more = answer.words if answer.words.rstrip(".!").lower() != value else ""
    return value, None, f"{value} ({more.rstrip('.')})" if more else value


def _short_claim(words: str) -> bool:
    """`She is.`, `We have never done that`: an answer without the word, short enough to be only that."""
    return len(words.split()) <= 8 and bool(_AFFIRMED.search(words) or _DENIAL.search(words))


def _date(answer: Answer) -> Value:
    days = {found.day for found in answer.dates}
    if not days:
        raise UnclearError("No full date was found. Please give day, month and year, for example 3 November 2025.")
    if len(days) > 1:
        raise UnclearError("There is more than one date in the answer. Which one is it?")
    if (day := days.pop()) is None:
        raise UnclearError("That date is not in the calendar. Please check day, month and year.")
    return day.isoformat(), None, words_for(day)


def _only_amount(answer: Answer, what: str) -> Amount:
    amounts = find_amounts(answer.without_dates)
    if not amounts:
        raise UnclearError(f"No {what} was found in the answer.")
    if len(amounts) > 1:
        raise UnclearError(f"There is more than one {what} in the answer. Which one is it?")
    return amounts[0]


def _money(answer: Answer) -> Value:
    amount = _only_amount(answer, "amount of money")
    currency = amount.currency or "USD"
    every = period(answer.words)
    shown = f"{plain(amount.number):,} {currency}{f' {every}' if every else ''}"
    assumed = "" if amount.currency else " (US dollars assumed)"
    unit = f"{currency} {every}" if every else currency
    return {"amount": plain(amount.number), "currency": currency}, unit, shown + assumed


def _number(answer: Answer) -> Value:
    amount = _only_amount(answer, "number")
    unit = amount.unit or amount.currency
    return plain(amount.number), unit, answer.words.rstrip(".")


def _choice(answer: Answer) -> Value:
    options = [option for option in answer.question["choices"].split(" | ") if option]
    exact = [option for option in options if option.casefold() == answer.words.casefold().rstrip(".! ")]
    named = exact or _named(options, answer.words)
    if len(named) != 1 or (not exact and _DENIAL.search(answer.words) and not _DENIAL.search(named[0])):
        raise UnclearError(f"The answer does not pick one of the options: {', '.join(options)}.")
    return named[0], None, named[0]


def _named(options: list[str], words: str) -> list[str]:
    """The options that the words contain, but for those that are only part of another one that they contain."""
    there = [option for option in options if re.search(rf"\b{re.escape(option)}\b", words, re.IGNORECASE)]
    return [one for one in there if not any(one != other and one.casefold() in other.casefold() for other in there)]


_READERS: dict[str, Callable[[Answer], Value]] = {
    "text": _text,
    "yes_no": _yes_no,
    "date": _date,
    "money": _money,
    "number": _number,
    "choice": _choice,
}


def _as_of(answer: Answer) -> str | None:
    """The date that the answer gives for its value; never the value of a date question."""
    if answer.question["kind"] == "date":
        return None
    told = (found.day for found in answer.dates if found.day and _AS_OF.search(answer.words[: found.start]))
    return next((day.isoformat() for day in told), None)
