"""`manage.py load_playbooks`: bring the database to what the library's files say."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from playbooks.loading import LIBRARY, Outcome, load_file, retire_all_but
from playbooks.parsing import PlaybookFileError


class Command(BaseCommand):
    help = (
        "Load the playbook files of a directory; it is the whole library: a playbook without a file there is retired."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--path", type=Path, default=LIBRARY, help="directory of *.md files (default: %(default)s)")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        files = sorted(path.glob("*.md"))
        if not files:  # most likely a mistyped path: retiring everything would be the worst answer to that
            raise CommandError(f"{path}: no playbook files (*.md) there; nothing was changed")
        problems = [problem for file in files if (problem := self._load(file))]
        for outcome in retire_all_but({file.stem for file in files}):
            self._say(outcome)
        if problems:
            raise CommandError("\n".join([*problems, "These files were not loaded; their last good versions stay."]))

    def _load(self, file: Path) -> str | None:
        try:
            self._say(load_file(file))
        except PlaybookFileError as error:
            return str(error)
        except OSError as error:
            return f"{file.name}: can't be read: {error.strerror}"
        return None

    def _say(self, outcome: Outcome) -> None:
        self.stdout.write(f"{outcome.slug}: {outcome.did} ({outcome.content_hash[:12]})")
