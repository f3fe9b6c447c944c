"""Single values, bare and wrapped."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from workers.provider_http.values import (
    Choice,
    Money,
    one_of,
    read_date,
    read_decimal,
    read_money,
    read_text,
    unwrapped,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("value"), inner, max_size=3)
    ),
    max_leaves=6,
)
COUNTS = st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=4)


@settings(max_examples=examples(60), deadline=None)
@given(number=COUNTS, form=st.sampled_from(["{}", "{:E}", "{:f}"]))
def test_a_decimal_is_exact_in_every_notation(number: Decimal, form: str) -> None:
    assert read_decimal({"value": form.format(number)}) == read_decimal(form.format(number)) == number


@settings(max_examples=examples(60), deadline=None)
@given(day=st.dates(min_value=date(1000, 1, 1)))
def test_a_date_is_read_bare_wrapped_and_with_a_time(day: date) -> None:
    forms = (day.isoformat(), {"value": day.isoformat()}, {"value": f"{day.isoformat()}T09:31:57.000000Z"})
    assert [read_date(form) for form in forms] == [day] * 3


@settings(max_examples=examples(100), deadline=None)
@given(value=JSON)
def test_whatever_comes_is_read_or_refused_as_a_value_error(value: Any) -> None:
    for read in (read_text, read_decimal, read_date, read_money, one_of("ISO", prefixes=("STOCK_OPTION_TYPE_",))):
        try:
            told = read(value)
        except ValueError:
            continue
        if isinstance(told, Decimal):
            assert len(f"{told:f}") < 200, "a number that fills a disk when it is written out is none"
        if isinstance(told, str):
            told.encode()


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999999", "1E-400", "1_000", "٣", "1,5", "", True, []]
)
def test_what_is_no_number_of_shares_or_dollars_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no number"):
        read_decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        {"currency_type": "USD", "value": 285000},
        {"currencyCode": {"value": "USD"}, "amount": {"value": "2.85E+5"}},
        {"currencyCode": "USD", "amount": {"value": "285000.00"}},
    ],
)
def test_money_is_read_as_either_provider_writes_it(value: Any) -> None:
    assert read_money(value) == Money(Decimal(285000), "USD")


@pytest.mark.parametrize(
    "value", [285000, {"value": "1"}, {"currency_type": "$", "value": 1}, {"currency_type": "USD"}]
)
def test_money_without_currency_or_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        read_money(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ISO", Choice("ISO")),
        ("STOCK_OPTION_TYPE_ISO", Choice("ISO")),
        ("iso", Choice("ISO")),
        ("STOCK_OPTION_TYPE_PHANTOM", Choice("STOCK_OPTION_TYPE_PHANTOM", known=False)),
        ("NON_ISO", Choice("NON_ISO", known=False)),
        ("STOCK_OPTION_TYPE_UNSPECIFIED", None),
        (None, None),
    ],
)
def test_a_word_is_known_with_and_without_its_prefix_and_kept_as_it_came_otherwise(
    text: str | None, expected: Choice | None
) -> None:
    assert one_of("ISO", "NSO", prefixes=("STOCK_OPTION_TYPE_",))(text) == expected


def test_text_that_no_database_stores_is_made_storable() -> None:
    assert read_text(json.loads('"a\\u0000b\\ud800"')) == "a\ufffdb\ufffd"
    assert read_text("  ") is None
    with pytest.raises(ValueError, match="no text"):
        read_text("x" * 2_001)


def test_only_a_lone_value_is_a_wrapping() -> None:
    assert unwrapped({"value": 1, "currency_type": "USD"}) == {"value": 1, "currency_type": "USD"}
