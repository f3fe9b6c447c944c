"""A form that is larger than any page needs is refused with words."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_question_beyond_all_bounds_is_refused_with_what_to_do(page: Client) -> None:
    answer = page.post("/matters/new/", {"question": "ü" * 300_000})
    assert answer.status_code == 413
    assert "your browser still has what you typed" in answer.content.decode()


def test_a_form_of_thousands_of_fields_is_refused_so_too(page: Client) -> None:
    assert page.post("/matters/new/", {f"field{n}": "x" for n in range(2_000)}).status_code == 413
