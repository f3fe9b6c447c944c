"""`make test`: every test, on servers that are started once, and with them the database that others are copied from.

The browser's tests are a pytest call of their own, for Playwright's synchronous API keeps an event loop running in its
process, where no other test could run one.
"""

import os
import subprocess
import sys

import tests.servers  # noqa: F401 - they are started by this

# One more than there are cores: many tests wait for a lease to run out, or for a server to start.
OPTIONS = ["-n", str(1 + (os.cpu_count() or 1)), "--dist", "loadgroup"]
# Seconds after which a test that hangs fails, with the place where each thread stands.
OPTIONS += ["-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true"]
CALLS = (["--ignore=tests/e2e"], ["tests/e2e"])


def main() -> int:
    """Run all; returns 0 where both calls do. One that a signal ends has a status below that."""
    statuses = [subprocess.call([sys.executable, "-m", "pytest", *OPTIONS, *call]) for call in CALLS]
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main())
