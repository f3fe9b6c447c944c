"""Comparing words: what two texts have in common when spacing, quotation marks, dashes and case don't count."""

import re

_SAME = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "*": None}
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_MONTHS = {
    "january": "1", "february": "2", "april": "4", "june": "6", "july": "7", "august": "8", "september": "9",
    "october": "10", "november": "11", "december": "12",
}  # fmt: skip  # "march" and "may" are words of every advice, so they don't count as numbers
_STOP_WORDS_TEXT = (
    "about above after again also another because been before being below between both cannot could does doing "
    "done down each either else even every from further have having here himself however into itself just least "
    "less made make many more most much must need needs only other otherwise over same says shall should since "
    "some such than that their them then there therefore these they this those though through thus toward under "
    "unless until upon very were what when where whether which while whom whose will with within without would "
    "your yours "
)
_STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
_NUMBER_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "fourteen": "14", "fifteen": "15", "twenty": "20", "thirty": "30",
    "forty": "40", "sixty": "60", "ninety": "90",
}  # fmt: skip


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


def numbers(loose: str) -> set[str]:
    """The numbers in a loosened text without thousands separators and leading zeros, and those of months by name."""
    digits = {_canonical(part) for match in _NUMBER.findall(loose) for part in _parts(match)}
    return digits | {_MONTHS[word] for word in _WORD.findall(loose) if word in _MONTHS}


def number_words(loose: str) -> set[str]:
    """The numbers that a loosened text writes out ("thirty days"), in digits."""
    return {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", loose) if word in _NUMBER_WORDS}


def _parts(number: str) -> list[str]:
    """`185,000` is one number; `1,2` and `2026.11.30` are several."""
    if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?", number):
        return [number]
    return re.split(r"[.,]", number)


def _canonical(number: str) -> str:
    plain = number.replace(",", "")
    whole, dot, decimals = plain.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if dot and decimals else "")


def content_words(loose: str) -> set[str]:
    """The longer words of a loosened text but months, each by its first six letters, so that endings don't count."""
    return {word[:6] for word in _WORD.findall(loose) if word not in _STOP_WORDS and word not in _MONTHS}
