"""When two sources say the same, and what a person may type."""

from unicodedata import normalize

import pytest

from matters.facts.values import clean_value, read_number, same_value

Typed = tuple[str, str | None]


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("money", ("260000", "USD per year"), ("260000.00", "USD"), True),
        ("money", ("260000", "USD"), ("260000", "EUR"), False),
        ("money", ("260000", "USD"), ("260001", "USD"), False),
        ("number", ("12", "employees"), ("12.0", None), True),
        ("number", ("12", None), ("13", None), False),
        ("date", ("2026-11-03", None), ("2026-11-03", None), True),
        ("date", ("2026-11-03", None), ("2026-03-11", None), False),
        ("yes_no", ("yes", None), ("no", None), False),
        ("text", ("San  Francisco,\nCA.", None), ("san francisco, ca", None), True),
        ("text", ("Delaware", None), ("California", None), False),
        ("choice", ("employee", None), ("contractor", None), False),
        ("number", ("about 12", None), ("12", None), False),
        ("number", ("12", "months"), ("12", "weeks"), False),
        ("number", ("12", "months"), ("12", "full months"), True),
        ("money", ("10000", "USD per month"), ("10000", "USD per year"), False),
        ("money", ("10000", "USD annually"), ("10000", "USD per year"), True),
        ("money", ("10000", "USD per annum"), ("10000", "USD per year"), True),
        ("money", ("10000", "USD p.a."), ("10000", "USD/yr"), True),
        ("money", ("10000", "USD per month"), ("10000", "USD per annum"), False),
        ("money", ("10000", "USD per quarter"), ("10000", "USD per year"), False),
        ("money", ("10000", "USD quarterly"), ("10000", "USD per quarter"), True),
        ("money", ("10000", "USD per quarter"), ("10000", "USD"), True),
        ("money", ("10000", "USD semi-annually"), ("10000", "USD annually"), False),
        ("money", ("10000", "USD bi-weekly"), ("10000", "USD every two weeks"), True),
        ("money", ("10000", "USD bi-weekly"), ("10000", "USD weekly"), False),
        ("money", ("10000", "USD semi-monthly"), ("10000", "USD per month"), False),
        ("money", ("500", "USD daily"), ("500", "USD per day"), True),
        ("money", ("500", "USD daily"), ("500", "USD per week"), False),
        ("money", ("50", "USD/hr"), ("50", "USD per hour"), True),
        ("number", ("12", "HR employees"), ("12", "employees this month"), True),
        ("text", (normalize("NFC", "José Núñez"), None), (normalize("NFD", "josé núñez."), None), True),
        ("text", ("José", None), ("Jose", None), False),
    ],
)
def test_values_are_compared_as_what_they_are(kind: str, one: Typed, other: Typed, same: bool) -> None:
    assert same_value(kind, one, other) is same
    assert same_value(kind, other, one) is same


@pytest.mark.parametrize(
    ("kind", "value", "unit", "stored"),
    [
        ("money", "185,000", "USD per year", ("185000", "USD per year")),
        ("number", " 12.50 ", "", ("12.50", None)),
        ("date", "2026-03-31", None, ("2026-03-31", None)),
        ("yes_no", "no", None, ("no", None)),
        ("choice", "b", None, ("b", None)),
        ("text", "In Oakland.", None, ("In Oakland.", None)),
    ],
)
def test_what_a_person_types_is_stored_in_its_canonical_form(
    kind: str, value: str, unit: str | None, stored: Typed
) -> None:
    assert clean_value(kind, value, unit, ["a", "b"]) == stored


@pytest.mark.parametrize(
    ("kind", "value", "unit", "words"),
    [
        ("money", "185,000", None, "three-letter code"),
        ("money", "much", "USD", "in digits"),
        ("number", "9" * 40, None, "in digits"),
        ("date", "31.3.2026", None, "year-month-day"),
        ("yes_no", "perhaps", None, "Give one of: yes, no"),
        ("choice", "c", None, "Give one of: a, b"),
        ("text", "  ", None, "Write an answer"),
        ("text", "a\x00", None, "NUL"),
        ("number", "1", "u" * 101, "100 characters"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_with_what_to_do(
    kind: str, value: str, unit: str | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        clean_value(kind, value, unit, ["a", "b"])


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("185000", "185000"),
        ("185,000", "185000"),
        ("1,234", "1234"),
        ("-1,234,567.125", "-1234567.125"),
        ("1 234 567", "1234567"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("1\u202f234.50", "1234.50"),
        ("+12.5", "12.5"),
        ("0.500", "0.500"),
        (".5", "0.5"),
        ("-0.25", "-0.25"),
        ("1234.567", "1234.567"),
        ("0.0001", "0.0001"),
        ("007", "7"),
    ],
)
def test_a_number_that_can_be_read_in_one_way_is_read(written: str, number: str) -> None:
    assert read_number(written) == number


@pytest.mark.parametrize(
    "written",
    [
        *("1.234,567", "1.000,000", "1.234,50", "1.234.567", "1 234,50", "1,5"),  # a European's
        *("0,500", "-0,250", "00,500", "1234,567", "12,34", "1,234 567", "1,234.567,890", "1,,234"),
        *("1e6", "$1,234.50", "180k", "1'234", "1/2", ".", "-", "5.", "", " 5", "٥", "1" * 16, "0." + "1" * 7),
        "1," + "234," * 100_000 + "5",
    ],
)
def test_a_number_that_could_be_another_one_is_asked_for_again(written: str) -> None:
    with pytest.raises(ValueError, match="Give a number in digits, such as"):
        read_number(written)


@pytest.mark.parametrize(
    ("written", "thousands", "decimals"),
    [("185.000", "185,000", "185"), ("12.500", "12,500", "12.5"), ("-1.125", "-1,125", "-1.1250")],
)
def test_where_a_point_may_stand_for_thousands_both_numbers_are_named(
    written: str, thousands: str, decimals: str
) -> None:
    with pytest.raises(ValueError, match=f"^{written} could be two numbers. Give {thousands} or {decimals}.$"):
        read_number(written)
    assert read_number(thousands) != read_number(decimals), "what it says to give is not read as two numbers"


def test_what_settles_a_dispute_is_read_by_the_same_rule() -> None:
    with pytest.raises(ValueError, match="two numbers"):
        clean_value("money", "185.000", "EUR per year", [])
