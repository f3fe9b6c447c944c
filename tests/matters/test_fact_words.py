"""Values of facts as a page and a file show them."""

import pytest

from matters.templatetags.facts import day, readable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2024-05-02", "2 May 2024"),
        ("2024-02-30", "2024-02-30"),
        ("on 2024-05-02", "on 2024-05-02"),
        ("1250000.50", "1,250,000.50"),
        ("1234", "1234"),
        ("yes", "yes"),
        (None, ""),
    ],
)
def test_a_day_and_a_large_number_are_shown_as_a_person_writes_them(value: str | None, shown: str) -> None:
    assert readable(value) == shown


def test_what_is_no_day_stands_as_it_is() -> None:
    assert [day("2026-11-20"), day("unknown"), day("")] == ["20 Nov 2026", "unknown", ""]
