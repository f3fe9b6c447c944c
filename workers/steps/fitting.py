"""Making texts fit a prompt: the long ones are shortened first, at the end of a sentence where there is one."""

import re
from collections.abc import Sequence

_SENTENCE_END = re.compile(r"[.!?][\"”')\]]*(?=\s)")
_CUT = " […]"


def fit(texts: Sequence[str], budget: int) -> list[str]:
    """The texts, none longer than the cap at which together they take at most `budget` characters."""
    cap = _cap([len(text) for text in texts], budget)
    return [shorten(text, cap) for text in texts]


def shorten(text: str, limit: int) -> str:
    """`text`, or its beginning with ` […]`, in at most `limit` characters (and no fewer than the mark takes)."""
    if len(text) <= limit:
        return text
    kept = text[: max(0, limit - len(_CUT))]
    ends = [match.end() for match in _SENTENCE_END.finditer(kept)]
    whole_sentences = ends and ends[-1] > len(kept) // 2
    return (kept[: ends[-1]] if whole_sentences else kept.rpartition(" ")[0] or kept) + _CUT


def _cap(lengths: Sequence[int], budget: int) -> int:
    left = budget
    for position, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - position)
        if length > share:
            return share
        left -= length
    return budget
