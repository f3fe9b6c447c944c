"""What a worker process is at its start."""

import os
import subprocess
import sys

from tests.processes import ROOT

# One connection for two threads, of which the first keeps it longer than a request would wait.
TWO_THREADS = """
import threading
import django
django.setup()
from django.db import connection
from workers.lifecycle import be_patient_for_connections

connection.settings_dict["OPTIONS"]["pool"] |= {"max_size": 1}
be_patient_for_connections()
taken = threading.Event()

def keep() -> None:
    with connection.cursor() as cursor:
        taken.set()
        cursor.execute("SELECT pg_sleep(5)")
    connection.close()

thread = threading.Thread(target=keep)
thread.start()
taken.wait()
with connection.cursor() as cursor:
    cursor.execute("SELECT 'had its turn'")
    print(cursor.fetchone()[0])
connection.close()
thread.join()
"""


def test_a_step_waits_for_a_connection_longer_than_a_request_does() -> None:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"].partition("?")[0],
    }
    done = subprocess.run(
        [sys.executable, "-c", TWO_THREADS], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "had its turn", f"a model's answer was lost for want of a connection: {done.stderr}"
