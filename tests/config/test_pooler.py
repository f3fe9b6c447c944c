"""Behind a pooler the next transaction may be another session's, so no statement is prepared."""

import os
import subprocess
import sys

import pytest

from tests.databases import ROOT

DIRECT = "postgresql://app@127.0.0.1:1/app"
SAY = """
from config import settings
print(settings.PREPARE_THRESHOLD, settings.DATABASES["default"]["OPTIONS"]["prepare_threshold"])
"""


@pytest.mark.parametrize(("listen", "said"), [("", "2 2"), (DIRECT, "None None")], ids=["direct", "behind a pooler"])
def test_statements_are_prepared_only_where_the_session_is_our_own(listen: str, said: str) -> None:
    env = os.environ | {"LISTEN_DATABASE_URL": listen}
    done = subprocess.run([sys.executable, "-c", SAY], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said
