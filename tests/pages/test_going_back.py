"""Back leads to a page as it is now: no browser keeps what others, or workers, change meanwhile."""

import pytest
from django.test import Client

from matters.models import Matter


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/matters/{}/",
        "/questions/",
        "/facts/",
        "/settings/members/",
        "/settings/connections/",
        "/settings/api-keys/",
    ],
)
def test_a_page_that_changes_by_itself_is_kept_by_no_browser(page: Client, matter: Matter, path: str) -> None:
    response = page.get(path.format(matter.pk))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"], (
        "Back shows what was there before, and asks for what was just answered"
    )
