"""Numbers and amounts of money in people's words."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER_WORDS = {
    name: number
    for number, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
} | {"none": 0, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100}
_SCALES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "mm": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
_SYMBOLS = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "c$": "CAD", "a$": "AUD"}
_NAMES = {"dollar": "USD", "buck": "USD", "euro": "EUR", "pound": "GBP", "franc": "CHF", "rupee": "INR", "yen": "JPY"}
_CODES = "USD|EUR|GBP|CAD|AUD|CHF|JPY|INR|CNY|SGD|HKD|NZD|SEK|NOK|DKK|ILS|BRL|MXN"
_AMOUNT = re.compile(
    rf"(?P<sign>-\s?)?(?P<before>(?:us|c|a)?\$|[€£¥₹]|\b(?:{_CODES})\b)?\s?(?P<minus>-)?"
    r"(?P<digits>[1-9][0-9]{0,2}(?P<between>[,.' ])[0-9]{3}(?:(?P=between)[0-9]{3})*(?:\.[0-9]{1,6})?(?![0-9])"
    r"|[0-9]{1,15}(?:\.[0-9]{1,6})?)"
    r"\s?(?P<scale>(?:thousand|million|billion|mn|mm|bn|k|m|b)\b)?"
    rf"\s?(?P<after>%|percent\b|[€£$]|\b(?:{_CODES})\b|\b(?:us\s)?(?:dollar|buck|euro|pound|franc|rupee|yen)s?\b)?",
    re.IGNORECASE,
)
_TENS = "twenty|thirty|forty|fifty"
_WORD_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{_TENS})[- ](?P<ones>one|two|three|four|five|six|seven|eight|nine)"
    rf"|(?P<word>{'|'.join(_NUMBER_WORDS)}))\b"
    r"(?P<half>\s+and\s+a\s+half\b)?",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"(?:\b(?:per|an?|each|every)\s+|/\s?)(year|yr|month|mo|week|day|hour|share)\b|\b(annual|month|week|hour)(?:ly)",
    re.IGNORECASE,
)
_PERIODS = {"yr": "year", "annual": "year", "mo": "month"}
_COUNTED = re.compile(r"\s*([a-z][a-z-]{2,30})", re.IGNORECASE)
_LITTLE_WORDS = "and are as at but for from in is not of on only or since that the they this total we were with"
_NOT_COUNTED = frozenset(_LITTLE_WORDS.split())


@dataclass(frozen=True)
class Amount:
    """A number as it was said. `currency` is an ISO 4217 code or None, `unit` what is counted ("people", "%")."""

    number: Decimal
    currency: str | None
    unit: str | None


def find_amounts(text: str) -> list[Amount]:
    """The different amounts of `text` in order; numbers in words only where there are none in digits."""
    found = [_amount(match, text) for match in _AMOUNT.finditer(text)]
    if not found:
        found = [Amount(_in_words(m), None, _counted(text, m.end())) for m in _WORD_NUMBER.finditer(text)]
    return list({amount.number: amount for amount in reversed(found)}.values())[::-1]


def _in_words(match: "re.Match[str]") -> Decimal:
    """`eleven`, `twenty-five`, `two and a half`."""
    words = (match["tens"], match["ones"], match["word"])
    return sum((Decimal(_NUMBER_WORDS[word.lower()]) for word in words if word), Decimal("0.5" if match["half"] else 0))


def _amount(match: "re.Match[str]", text: str) -> Amount:
    number = Decimal(_digits(match)).scaleb(_SCALES.get((match["scale"] or "").lower(), 0))
    negative = match["minus"] or (match["sign"] and match["before"])
    after = (match["after"] or "").lower()
    unit = "%" if after in ("%", "percent") else None if after else _counted(text, match.end())
    return Amount(-number if negative else number, _currency(match["before"]) or _currency(after), unit)


def _digits(match: "re.Match[str]") -> str:
    """The digits without separators. `1.250` is 1.25, unless a euro or franc stands beside it."""
    digits = match["digits"]
    if not re.fullmatch(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+", digits):
        return re.sub("[,' ]", "", digits)
    european = (_currency(match["before"]) or _currency(match["after"])) in ("EUR", "CHF")
    return digits.replace(".", "") if european or digits.count(".") > 1 else digits


def _currency(mark: str | None) -> str | None:
    low = (mark or "").lower().removeprefix("us ").strip()
    if low.upper() in _CODES.split("|"):
        return low.upper()
    return _SYMBOLS.get(low) or _NAMES.get(low.removesuffix("s"))


def _counted(text: str, end: int) -> str | None:
    match = _COUNTED.match(text, end)
    word = match[1].lower() if match else ""
    return word if word and word not in _NOT_COUNTED else None


def period(text: str) -> str | None:
    """`per year`, `per month` and so on, if the text says one."""
    match = _PERIOD.search(text)
    if not match:
        return None
    name = (match[1] or match[2]).lower()
    return f"per {_PERIODS.get(name, name)}"


def plain(number: Decimal) -> float | int:
    """For JSON: an int where there are no decimals."""
    return int(number) if number == number.to_integral_value() else float(number)
