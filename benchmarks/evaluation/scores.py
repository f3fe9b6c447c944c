"""What came of a case, held against what must. No process, no clock: outcomes in, figures out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from benchmarks.evaluation.cases import Case, Labelled


@dataclass(frozen=True)
class Read:
    """A fact as it was stored. `value`: None where the words could not be read."""

    value: str | None
    unit: str | None


@dataclass(frozen=True)
class Outcome:
    """What came of one case. `verdicts`: of the passages that name a source; `uncited`: no passage names one."""

    case: Case
    status: str
    judged: Mapping[str, bool]
    keys: tuple[str, ...] = ()
    read: Mapping[str, Read] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ()
    uncited: bool = True
    needed: frozenset[str] = frozenset()
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    """From the question to the advice, the founder's answers taking no time."""

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(slug for slug, relevant in self.judged.items() if relevant)


@dataclass
class Share:
    """So many of so many, and which were not."""

    good: int = 0
    of: int = 0
    misses: list[str] = field(default_factory=list)

    def count(self, good: bool, otherwise: str) -> None:
        """One more; `otherwise` names it where it is not good."""
        self.good, self.of = self.good + good, self.of + 1
        if not good:
            self.misses.append(otherwise)

    def __str__(self) -> str:
        return f"{self.good} of {self.of} ({self.good / self.of:.0%})" if self.of else "none"


@dataclass(frozen=True)
class Scores:
    """Each figure with what it is of."""

    ended: Share
    playbook_found: Share
    abstained: Share
    questions_covered: Share
    facts_right: Share
    asked_again: Share
    claims: dict[str, int]


def score(outcomes: Iterable[Outcome]) -> Scores:
    """All figures of `outcomes`."""
    outcomes = list(outcomes)
    claims = Counter(verdict for outcome in outcomes for verdict in outcome.verdicts)
    scores = Scores(Share(), Share(), Share(), Share(), Share(), Share(), dict(claims.most_common()))
    for outcome in outcomes:
        scores.ended.count(outcome.status == "advised", f"{outcome.case.question}: {outcome.status}")
        _score_playbooks(scores, outcome)
        for key in sorted(outcome.needed):
            scores.questions_covered.count(key in outcome.keys, f"{outcome.case.question}: no question for {key}")
        for key, labelled in outcome.case.answers.items():
            if key in outcome.keys:
                _score_fact(scores, key, labelled, outcome.read.get(key))
    return scores


def _score_playbooks(scores: Scores, outcome: Outcome) -> None:
    case = outcome.case
    told = f"{case.question}: {', '.join(sorted(outcome.relevant)) or 'none'}"
    if case.playbooks:
        scores.playbook_found.count(case.playbooks <= outcome.relevant <= case.playbooks | case.also, told)
    else:
        scores.abstained.count(not outcome.relevant and outcome.uncited, told)


def _score_fact(scores: Scores, key: str, labelled: Labelled, read: Read | None) -> None:
    told = f"{key}: “{labelled.words}” became {_shown(read)}"
    if labelled.unreadable:
        scores.asked_again.count(read is None, told)
    else:
        scores.facts_right.count(read is not None and means(labelled, read), told)


def means(labelled: Labelled, read: Read) -> bool:
    """Whether what was stored is what the words mean. Numbers are compared by value, words in any case."""
    if read.value is None:
        return False
    if labelled.unit is not None and not (read.unit or "").casefold().startswith(labelled.unit.casefold()):
        return False  # "USD per year" is USD
    if labelled.has:
        return all(words.casefold() in read.value.casefold() for words in labelled.has)
    assert labelled.value is not None, "a labelled answer has a value, words, or is unreadable"
    return _number(read.value) == _number(labelled.value) or read.value.casefold() == labelled.value.casefold()


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _shown(read: Read | None) -> str:
    return "nothing" if read is None else f"{read.value} {read.unit or ''}".strip()
