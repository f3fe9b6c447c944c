"""A cookie that is not ours makes nobody a fault, and nobody signed in."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "cookie", ['sessionid="\\000aaaaaaaaaaaaaaaa"', "sessionid=\xff\xfe\xff\xfeaaaaaaaaaaaa", "sessionid=;;="]
)
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/login/", "/healthz"])
def test_a_session_cookie_that_no_row_can_hold_signs_nobody_in(client: Client, path: str, cookie: str) -> None:
    response = client.get(path, HTTP_COOKIE=cookie)
    assert response.status_code in (200, 302, 503), "somebody else's cookie is a fault of ours"
    assert response.status_code != 302 or "login" in response["Location"]
