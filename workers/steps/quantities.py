"""The quantities of a text: its numbers, in digits or in words, with the unit beside each, and its dates.

Two are the same where the numbers are and, if both have a unit, the units as well. One unit is turned into another only
where the calendar makes them equal on every day: weeks and fortnights into days, years into months, hours into minutes.
So "one year" is 12 months and "two weeks" are 14 days; but three months are not 90 days, nor 72 hours three days, nor
three business days three days. A number without a unit is the same as that number with any.

Not read are halves and quarters, rates ("per year"), and units that are not listed here: a number before one of those
has none. The time grows with the length of the text alone.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, Context, Decimal


def _numbered(words: str, first: int = 1, step: int = 1) -> dict[str, int]:
    return {word: first + step * place for place, word in enumerate(words.split())}


_MONTHS = _numbered("january february march april may june july august september october november december")
_ONES = _numbered("one two three four five six seven eight nine")
_TEENS = _numbered("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", first=10)
_TENS = _numbered("twenty thirty forty fifty sixty seventy eighty ninety", first=20, step=10)
_FIRST_TO_THIRD = _numbered("first second third")  # words of every text: they count in "twenty-first" only
_ORDINALS = _numbered("fourth fifth sixth seventh eighth ninth tenth eleventh twelfth", first=4)
_TENTHS = _numbered("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", first=20, step=10)
_WORDS = _ONES | _TEENS | _TENS | _FIRST_TO_THIRD | _ORDINALS | _TENTHS | {"a": 1, "an": 1}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
NUMBER_WORDS = frozenset(_WORDS | _SCALES | _MONTHS)
_LETTERS = {"k": 10**3, "m": 10**6, "mm": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}
_MOST_LISTED = 12  # "three rules", too

_Unit = tuple[frozenset[str], int]


def _unit(names: str, meanings: str, times: int = 1) -> dict[str, _Unit]:
    """What each of the names may mean, and how many of that it is."""
    return dict.fromkeys(names.split(), (frozenset(meanings.split()), times))


_SPANS = (
    _unit("minute", "minute")
    | _unit("hour", "minute", 60)
    | _unit("day", "day")
    | _unit("business-day working-day", "business-day")
    | _unit("week", "day", 7)
    | _unit("fortnight", "day", 14)
    | _unit("month", "month")
    | _unit("year", "month", 12)
)
_COUNTED = (
    _unit("% percent per-cent", "percent") | _unit("share", "share") | _unit("employee worker person people", "person")
)
_CODES = "usd eur gbp cad aud chf jpy cny inr sgd hkd nzd sek nok dkk ils"  # more of them are words, such as ALL
_CURRENCIES = (
    _unit("$ dollar", "usd cad aud sgd hkd nzd")
    | _unit("€ euro", "eur")
    | _unit("£ pound", "gbp")
    | _unit("¥ yen", "jpy")
    | _unit("₹ rupee", "inr")
    | _unit("₪ shekel", "ils")
    | _unit("franc", "chf")
    | {code: (frozenset({code}), 1) for code in _CODES.split()}
)
_SECTIONS = _unit("§ section", "section")
_UNITS = _SPANS | _COUNTED | _CURRENCIES | _SECTIONS
_NO_UNIT: _Unit = (frozenset(), 1)
_THINGS = frozenset({"share", "person"})  # "two people": so many may be listed in the text itself


def _any(words: Iterable[str]) -> str:
    """A pattern for each of the words; a hyphen in one may be a space."""
    return "(?:" + "|".join(word.replace("-", "[ -]") for word in sorted(words)) + ")"


def _named(units: Collection[str]) -> str:
    """A pattern for each of the units, words also in the plural."""
    signs = [re.escape(unit) for unit in units if not unit[0].isalpha()]
    return "(?:" + "|".join([*signs, rf"\b{_any(unit for unit in units if unit[0].isalpha())}s?\b"]) + ")"


# 185,000 is one number; 1,2 and 2026.11.30 are several.
_DIGITS = r"""(?:
    (?<![0-9][.,]) (?: [0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)? | [0-9]+\.[0-9]+ ) (?![0-9]|[.,][0-9])
    | [0-9]+
)"""
_SMALL = rf"""(?:
    {_any(_TENS)}[ -]{_any(_ONES | _FIRST_TO_THIRD | _ORDINALS)}
    | {_any(_ONES | _TEENS | _TENS | _ORDINALS | _TENTHS)}
)\b"""
_SCALE = rf"[ -]{_any(_SCALES)}\b"
_WRITTEN = rf"(?:\b(?: {_SMALL} | an?(?={_SCALE}) ) (?: {_SCALE} (?: (?:\ and)?\ {_SMALL} )? ){{0,4}})"
_DAY, _MONTH = r"[0-9]{1,2}(?:st|nd|rd|th)?", _any(_MONTHS)
_SURE_MONTH = _any(_MONTHS.keys() - {"march", "may"})  # not in "30 may be sold"
_DATE = rf"""\b(?:
    [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}
    | {_MONTH}\ {_DAY} (?: ,?\ [0-9]{{4}} )? (?!,?[0-9])
    | (?: {_DAY}\ (?:of\ )? )? {_MONTH},?\ [0-9]{{4}}
    | {_DAY}\ of\ {_MONTH}
    | (?: {_DAY}\ )? {_SURE_MONTH}
    | (?:in|since|by|until|before|after|from|of|early|mid|late)[ -](?:march|may)(?!,?\ [0-9])
)\b"""
_QUANTITY = re.compile(
    rf"""(?P<date>{_DATE})
    | (?:(?P<front>{_named(_CURRENCIES | _SECTIONS)})\ ?)? (?: (?P<digits>{_DIGITS}) | (?P<written>{_WRITTEN}) )
    | (?<=\bwithin\ )(?P<article>an?)(?=[ -]{_named(_SPANS)})""",
    re.VERBOSE,
)
_TIMES = rf"(?:{_any(_LETTERS)}\b|{_SCALE})"
_SCALED = re.compile(  # also the 5 of "$5-15k"
    rf"""(?:st|nd|rd|th)? (?: (?P<scale>{_TIMES}) | (?=(?:\ ?-|\ to)\ ?{_DIGITS}(?P<shared>{_TIMES})) )?""",
    re.VERBOSE,
)
# Also in "thirty (30) days" and "21 to 28 calendar days"; a sign of the next number is none of this one.
_IN_UNITS = re.compile(
    rf"""\)? (?:\ \([0-9]{{1,9}}\))? (?:(?:\ ?-\ ?|\ (?:to|or|and)\ )(?:{_DIGITS}|{_WRITTEN}))?
    (?:[ -](?:more|further|full|whole|calendar|consecutive|us)\b)?
    (?!\ ?[$€£¥₹₪]\ ?[0-9])(?P<unit>[ -]?{_named(_SPANS | _COUNTED | _CURRENCIES)})""",
    re.VERBOSE,
)
_A_SPAN = re.compile(rf"\ban?[ -](?P<unit>{_named(_SPANS)})")
_EXACT = Context(prec=50, Emax=MAX_EMAX)  # what is longer is no quantity of anything


@dataclass(frozen=True)
class Quantity:
    """`number` is as it was said, `amount` what that is in what the unit means; no `meanings`: it has no unit.

    Not `certain` are words without a unit that may count what the text itself lists ("one of them", "three things").
    """

    words: str
    number: Decimal
    amount: Decimal
    meanings: frozenset[str]
    certain: bool = True


class Quantities:
    """Those of a loosened text, to be looked for. "A day" is one day here."""

    def __init__(self, loose: str) -> None:
        spans = (_quantity(span[0], Decimal(1), span["unit"]) for span in _A_SPAN.finditer(loose))
        found = [*quantities(loose), *spans]
        self._numbers = {quantity.number for quantity in found}
        self._without_unit = {each.number for each in found if not each.meanings and each.words != "one"}
        self._amounts = {(each.amount, meaning) for each in found for meaning in each.meanings}

    def has(self, quantity: Quantity) -> bool:
        """Whether the text has the same one."""
        if not quantity.meanings:
            return quantity.number in self._numbers
        said = quantity.number in self._without_unit
        return said or any((quantity.amount, meaning) in self._amounts for meaning in quantity.meanings)


def quantities(loose: str) -> Iterator[Quantity]:
    """Those of a loosened text (`matching.loosened`), in its order."""
    for found in _QUANTITY.finditer(loose):
        if found["date"]:
            yield from _of_date(found["date"])
        else:
            scaled = _SCALED.match(loose, found.end())
            assert scaled is not None, "every part of it may be missing"
            in_units = None if found["front"] else _IN_UNITS.match(loose, scaled.end())
            scale = scaled["scale"] or scaled["shared"] or ""
            yield _of_number(found, scale, in_units["unit"] if in_units else "")


def _of_date(words: str) -> Iterator[Quantity]:
    """Its year, month and day, each of which may be missing."""
    digits = [int(part) for part in re.findall("[0-9]+", words)]
    month = [_MONTHS[word] for word in re.findall("[a-z]+", words) if word in _MONTHS] or digits[1:2]
    days = digits[2:] if len(digits) == 3 else [number for number in digits if number < 100]
    years = [number for number in digits if number >= 100]
    for meaning, part in (("year of a date", years), ("month of a date", month), ("day of a date", days)):
        yield from (Quantity(words, Decimal(number), Decimal(number), frozenset({meaning})) for number in part)


def _of_number(found: re.Match[str], scale: str, unit: str) -> Quantity:
    words, unit = f"{found[0]}{scale}{unit}", found["front"] or unit
    if found["digits"]:
        times = (_SCALES | _LETTERS).get(scale.strip(" -"), 1)
        return _quantity(words, _EXACT.multiply(Decimal(found["digits"].replace(",", "")), times), unit)
    number = _in_digits(found["written"] or found["article"])
    quantity = _quantity(words, Decimal(number), unit)
    return replace(quantity, certain=number > _MOST_LISTED or not quantity.meanings <= _THINGS)


def _in_digits(written: str) -> int:
    """`one hundred and eighty` is 180."""
    done = part = 0
    for word in re.findall("[a-z]+", written):
        if word in ("dozen", "hundred"):
            part *= _SCALES[word]
        elif word in _SCALES:
            done, part = done + part * _SCALES[word], 0
        else:
            part += _WORDS.get(word, 0)
    return done + part


def _quantity(words: str, number: Decimal, unit: str) -> Quantity:
    name = unit.strip(" -").replace(" ", "-")
    meanings, times = _UNITS.get(name) or _UNITS.get(name.removesuffix("s")) or _NO_UNIT
    return Quantity(words, number, _EXACT.multiply(number, times), meanings)
