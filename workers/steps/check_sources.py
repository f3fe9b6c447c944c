"""Checks every marked claim of an advice against the texts its markers stand for. Pure; the text is never edited.

A *claim* is a marker, or several in a row (`[P3]`, `[P1, P2]`, `[P3] [F7]`), with the words before it in its
sentence: from the start of the sentence or the marker before it. One check a claim. What the verdicts mean:

- `exact`: every double-quoted passage of the claim stands, character for character and from word to word, in a text
  that one of its markers names. The words around the quotes are not judged.
- `repaired`: it does so once whitespace, the shapes of quotation marks and dashes, upper and lower case, Markdown's
  asterisks and a closing comma or full stop are left out of account.
- `unsupported`: a marker that was never given; or a quoted passage that stands in none of the named texts; or,
  without a quote, a claim that fails the rule below.
- `supported`: a claim without a quote, where every number in it (amounts, days, sections), in digits or in words,
  occurs in the named texts with the same unit (`quantities` says what that is), and at least half of its longer words
  do. That is a match of words, not of meaning: it finds an invented deadline, and not a missing "not". It is the
  weakest of the good verdicts, and `reason` says so.

A quoted passage of fewer than three words is taken as a term, not as a quote: it would be found anywhere.
Sentences without a marker are not checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from workers.steps.claims import Claim, find_claims
from workers.steps.matching import contains, content_words, loosened, unpunctuated
from workers.steps.quantities import Quantities, quantities

Verdict = Literal["exact", "repaired", "supported", "unsupported"]
Finding = tuple[Verdict, str]

_WORDS_THAT_MUST_OCCUR = 0.5


@dataclass(frozen=True)
class Check:
    """`start` and `end` are code points of the advice; `sources` the claim's markers; `reason` is for the founder."""

    start: int
    end: int
    verdict: Verdict
    sources: list[str]
    reason: str


class _Named:
    """The text that a marker stands for, taken apart once for all claims that name it."""

    def __init__(self, marker: str, text: str) -> None:
        self.marker, self.text = marker, text

    @cached_property
    def loose(self) -> str:
        return loosened(self.text)

    @cached_property
    def words(self) -> set[str]:
        return content_words(self.loose)

    @cached_property
    def quantities(self) -> Quantities:
        return Quantities(self.loose)


def check_sources(text: str, sources: Mapping[str, str], facts: Mapping[str, str]) -> list[Check]:
    """The checks, in the order of the text, not overlapping. `sources` and `facts`: marker → the text it stands for."""
    texts = {marker: _Named(marker, named) for marker, named in {**facts, **sources}.items()}
    return [_check(claim, texts) for claim in find_claims(text)]


def _check(claim: Claim, texts: Mapping[str, _Named]) -> Check:
    verdict, reason = _judge(claim, texts)
    return Check(claim.start, claim.end, verdict, list(claim.markers), reason)


def _judge(claim: Claim, texts: Mapping[str, _Named]) -> Finding:
    unknown = [marker for marker in claim.markers if marker not in texts]
    if unknown:
        return "unsupported", f"There is no source {', '.join(unknown)}."
    named = [texts[marker] for marker in claim.markers]
    if claim.quotes:
        return _worst(_judge_quote(quote, claim, named) for quote in claim.quotes)
    return _judge_words(loosened(claim.words), named)


def _judge_quote(quote: str, claim: Claim, named: Sequence[_Named]) -> Finding:
    if found := [source.marker for source in named if contains(source.text, quote)]:
        return "exact", f"The quoted words stand in {' and '.join(found)} as they are quoted."
    wanted = unpunctuated(loosened(quote))
    if found := [source.marker for source in named if contains(source.loose, wanted)]:
        return "repaired", f"The quoted words stand in {' and '.join(found)}, but for spacing, marks or letter case."
    return "unsupported", f"The quoted words do not stand in {' or '.join(claim.markers)}."


def _judge_words(claimed: str, named: Sequence[_Named]) -> Finding:
    wanted = content_words(claimed)
    counted = [quantity for quantity in quantities(claimed) if quantity.certain]
    if not wanted and not counted:
        return "unsupported", "No words stand before the marker that could be compared with the source."
    strange = [each.words for each in counted if not any(source.quantities.has(each) for source in named)]
    if strange:
        return "unsupported", f"Not in the source: {', '.join(list(dict.fromkeys(strange))[:5])}."
    found = [word for word in wanted if any(word in source.words for source in named)]
    if len(found) < len(wanted) * _WORDS_THAT_MUST_OCCUR:
        return "unsupported", "No quote, and the words have too little in common with the source."
    return "supported", "No quote; the numbers and most of the words occur in the source. Its meaning was not checked."


def _worst(findings: Iterable[Finding]) -> Finding:
    order: list[Verdict] = ["exact", "repaired", "unsupported"]
    return max(findings, key=lambda finding: order.index(finding[0]))
