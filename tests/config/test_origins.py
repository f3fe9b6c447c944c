"""Which pages may open a WebSocket with a cookie: those of this site, as browsers name it."""

import os
import subprocess
import sys

import pytest

from tests.databases import ROOT

PRINT = "from config import settings as s; print(s.CSRF_TRUSTED_ORIGINS[0], s.SITE_URL)"


@pytest.mark.parametrize(("port", "origin"), [("80", "http://localhost"), ("8000", "http://localhost:8000")])
def test_the_origin_of_a_site_has_its_port_as_browsers_send_it(port: str, origin: str) -> None:
    env = os.environ | {"PORT": port, "HOST": "localhost", "ALLOWED_HOSTS": "", "CSRF_TRUSTED_ORIGINS": ""}
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [origin, origin], done.stderr
