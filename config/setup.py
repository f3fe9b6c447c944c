"""What is done once before web and workers start, in one process: each start of Django takes its seconds."""

import argparse
import os

import django
from django.core.management import call_command

from config.commands import told_in_a_line
from config.servers import check_broker, refuse_missing_servers

STEPS = (("migrate", "--noinput"), ("load_playbooks",))
DEMO_STEPS = (("create_demo",),)
HEADING = "== "


def main(with_demo: bool) -> None:
    """Runs the steps, each below a heading of its name; safe to run again. Nothing is done without Redis."""
    refuse_missing_servers()
    check_broker()
    django.setup()
    for name, *options in STEPS + (DEMO_STEPS if with_demo else ()):
        print(HEADING + name, flush=True)
        call_command(name, *options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m config.setup", description="Migrations and playbooks.")
    parser.add_argument("--demo", action="store_true", help="the demo company, too, and how to sign in")
    parser.add_argument("--traceback", action="store_true", help="where it failed, if it fails")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with told_in_a_line():
        main(options.demo)
