"""Numbers, units and dates of a text: which are the same, however they are written, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.steps.matching import loosened
from workers.steps.quantities import Quantities, quantities


def _missing(said: str, there: str) -> list[str]:
    """The quantities that `said` has and `there` has not, in their words."""
    text = Quantities(loosened(there))
    return [each.words for each in quantities(loosened(said)) if not text.has(each)]


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("30 days", "thirty days"),
        ("thirty (30) days", "30 days"),
        ("a 30-day period", "thirty (30) days"),
        ("30 days", "thirty calendar days"),
        ("21 days", "twenty-one days"),
        ("twenty-first", "21"),
        ("180 days", "one hundred and eighty days"),
        ("120 days", "one hundred twenty days"),
        ("250,000 shares", "two hundred fifty thousand shares"),
        ("a hundred employees", "100 employees"),
        ("a dozen employees", "twelve people"),
        ("eighteen months", "1.5 years"),
        ("12 months", "one year"),
        ("a one-year cliff", "a cliff of 12 months"),
        ("two weeks", "14 days"),
        ("two weeks", "two weeks"),
        ("one fortnight", "two weeks"),
        ("within a week", "7 days"),
        ("one day's wages", "a day's wages"),
        ("48 hours", "2,880 minutes"),
        ("8 days", "before the eighth day"),
        ("the 8th day", "the eighth day"),
        ("three working days", "3 business days"),
        ("21 days and 28 days", "21 to 28 days"),
        ("two weeks, four weeks", "two or four weeks"),
        ("ten percent", "10%"),
        ("10 per cent", "10 percent"),
        ("$260,000", "260000 USD per year"),
        ("$260k", "260000 USD"),
        ("$185,000", "CAD 185,000"),
        ("US$500", "500 US dollars"),
        ("€1.5m", "1.5 million euros"),
        ("£2bn", "GBP 2,000,000,000"),
        ("5000 USD to 15000 USD", "$5-15k"),
        ("five million", "4 to 5 million"),
        ("$500", "a fee of 500"),
        ("the fee is 500", "$500"),
        ("4 million shares", "4,000,000 shares"),
        ("12.50", "12.5"),
        ("section 203", "§203"),
        ("§201 and §203", "§§201-203"),
        ("Lab. Code 203", "Lab. Code §203"),
        ("November 30, 2026", "2026-11-30"),
        ("the 30th of November", "November 30th, 2026"),
        ("11/30/2026", "30 November 2026"),
        ("in May 2026", "2026-05-01"),
        ("3 March 2026", "March 3rd 2026"),
        ("2026", "2026-11-30"),
    ],
)
def test_the_same_quantity_is_found_however_it_is_written(said: str, there: str) -> None:
    assert list(quantities(loosened(said))), "nothing is compared"
    assert _missing(said, there) == []


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("thirty days", "72 hours"),
        ("72 days", "72 hours"),
        ("72 minutes", "72 hours"),
        ("three days", "72 hours"),  # the one ends at a time of day, the other with a day
        ("three days", "three business days"),
        ("three business days", "three days"),
        ("90 days", "three months"),
        ("eighteen months", "12 months"),
        ("one year", "13 months"),
        ("21 hours", "21 to 28 days"),
        ("10 hours", "10 percent"),
        ("500 percent", "$500"),
        ("€500", "$500"),
        ("500 euros", "500 USD"),
        ("CAD 500", "USD 500"),
        ("$500k", "$500"),
        ("$500 million", "$500"),
        ("$5", "$5-15k"),
        ("4,000 shares", "$4,000"),
        ("20 days", "20 employees"),
        ("203 days", "§203"),
        ("eleven months", "12 months, as of 2026-11-03"),
        ("March 11, 2025", "2025-11-03"),
        ("in May", "in June"),
        ("within a week", "within a month"),
        ("1 day", "one of the rules"),
        ("one hundred and eighty days", "100 and 80 days"),
        ("ninetieth day", "30 days"),
    ],
)
def test_another_number_or_another_unit_is_another_quantity(said: str, there: str) -> None:
    assert _missing(said, there) != []


@pytest.mark.parametrize(
    "words", ["First she signs", "a second person", "a week", "hundreds of rules", "you may go", "the march of time"]
)
def test_what_may_be_no_number_is_none(words: str) -> None:
    assert list(quantities(loosened(words))) == []


@pytest.mark.parametrize("words", ["one of them", "three things matter", "twelve rules", "two people", "one employee"])
def test_small_numbers_in_words_may_count_what_the_text_lists(words: str) -> None:
    (quantity,) = quantities(words)
    assert not quantity.certain


@pytest.mark.parametrize(
    "words", ["3 things", "thirteen rules", "three days", "one percent", "two dollars", "2 people"]
)
def test_digits_measures_and_larger_numbers_are_certain(words: str) -> None:
    (quantity,) = quantities(words)
    assert quantity.certain


def test_several_numbers_with_commas_and_stops_are_several() -> None:
    found = quantities("1,2 and 2026.11.30 and 185,000.50 and 1.2.")
    assert [str(each.number) for each in found] == ["1", "2", "2026", "11", "30", "185000.50", "1.2"]


def test_a_quantity_is_named_in_its_own_words() -> None:
    text = "ninety (90) days, $500 million, 21 to 28 calendar days, 10% and 3 May 2026"
    found = dict.fromkeys(each.words for each in quantities(text.lower()))
    assert list(found) == ["ninety days", "90 days", "$500 million", "21 days", "28 days", "10%", "3 may 2026"]


_NUMBERS = st.sampled_from(["one", "two", "twenty", "hundred", "million", "1", "30", "1,000", "2.5", "2026-11-30", "k"])
_OTHERS = st.sampled_from(
    ["and", "a", "to", "within", "days", "week", "us", "may", "in", "$", "§", "%", "(", ")", "-", "."]
)


@given(st.lists(_NUMBERS | _OTHERS | st.just(" "), max_size=40).map("".join))
def test_a_text_has_all_of_its_own_quantities(text: str) -> None:
    assert _missing(text, text) == []
