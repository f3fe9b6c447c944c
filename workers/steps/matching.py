"""Comparing words: what two texts have in common when spacing, quotation marks, dashes and case don't count."""

import re

from workers.steps.quantities import NUMBER_WORDS

_SAME = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "*": None}
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_STOP_WORDS_TEXT = (
    "about above after again also another because been before being below between both cannot could does doing "
    "done down each either else even every from further have having here himself however into itself just least "
    "less made make many more most much must need needs only other otherwise over same says shall should since "
    "some such than that their them then there therefore these they this those though through thus toward under "
    "unless until upon very were what when where whether which while whom whose will with within without would "
    "your yours "
)
_STOP_WORDS = NUMBER_WORDS.union(_STOP_WORDS_TEXT.split())


def contains(text: str, passage: str) -> bool:
    """Whether `passage` stands in `text`, neither end of it in the middle of a word."""
    return _place_of(text, passage) >= 0


def _place_of(text: str, passage: str) -> int:
    """Where it does; -1 where it does not."""
    at = text.find(passage) if passage else -1
    while at >= 0:
        end = at + len(passage)
        if not _joined(text, at, passage[0]) and not (end < len(text) and _joined(text, end, text[end])):
            return at
        at = text.find(passage, at + 1)
    return -1


def standing(text: str, passage: str) -> str | None:
    """The words of `text` that `passage` means, as they stand there but for white space; None where it has none.

    What `loosened` leaves out of account does not count, nor does a stop at the passage's end.
    """
    letters = _loose_letters(text)
    wanted = unpunctuated(loosened(passage))
    first = _place_of("".join(letter for letter, _ in letters), wanted)
    if first < 0:
        return None
    return " ".join(text[letters[first][1] : letters[first + len(wanted) - 1][1] + 1].split())


def _loose_letters(text: str) -> list[tuple[str, int]]:
    """The letters of the loosened `text`, each with its place in `text` itself."""
    letters: list[tuple[str, int]] = []
    for at, letter in enumerate(text):
        for loose in letter.translate(_SAME).casefold():
            if not loose.isspace():
                letters.append((loose, at))
            elif letters and letters[-1][0] != " ":
                letters.append((" ", at))
    return letters


def _joined(text: str, at: int, following: str) -> bool:
    return at > 0 and text[at - 1].isalnum() and following.isalnum()


def loosened(text: str) -> str:
    """`text` with one shape of quotation mark and dash, single spaces, lower case, no asterisks, `&lt;` as `<`."""
    return " ".join(text.translate(_SAME).replace("&lt;", "<").casefold().split())


def unpunctuated(text: str) -> str:
    """`text` without a comma, full stop, colon or semicolon at its end."""
    return text.rstrip(".,;: ")


def content_words(loose: str) -> set[str]:
    """The longer words of a loosened text but numbers and months, each by its first six letters: no endings count."""
    return {word[:6] for word in _WORD.findall(loose) if word not in _STOP_WORDS}
