"""What is done once before web and workers start, in one process: each start of Django takes its seconds.

python -m config.setup [--demo]        migrations and playbooks; with --demo the demo company and how to sign in
"""

import os
import sys

import django
from django.core.management import call_command

STEPS = (("migrate", "--noinput"), ("load_playbooks",))
DEMO_STEPS = (("create_demo",),)
HEADING = "== "


def main(with_demo: bool) -> None:
    """Runs the steps, each below a heading of its name; safe to run again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for name, *options in STEPS + (DEMO_STEPS if with_demo else ()):
        print(HEADING + name, flush=True)
        call_command(name, *options)


if __name__ == "__main__":
    main("--demo" in sys.argv[1:])
