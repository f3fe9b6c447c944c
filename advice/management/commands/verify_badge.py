"""`manage.py verify_badge`: whether a downloaded advice is, byte for byte, what a reviewer approved."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from advice.review.binding import BadKey
from advice.review.keys import NoKey, public_keys
from advice.review.proof import NotABadge, faults_of, read_file


class Command(BaseCommand):
    """Opens no database and no connection. Ends with 1, and says what is wrong, where the badge does not hold."""

    help = "Prove a downloaded review.json (advice and badge) against the public key, without database or network."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="review.json, as downloaded")
        parser.add_argument("--public-key", help="base64; unless given, the keys of this installation")
        parser.add_argument("--markdown", type=Path, help="the advice.md that was downloaded beside it")

    def handle(self, *args: Any, **options: Any) -> None:
        file, markdown = _bytes_of(options["file"]), options["markdown"]
        try:
            keys = [options["public_key"]] if options["public_key"] else public_keys()
            found = read_file(file)
            faults = faults_of(found, keys, _bytes_of(markdown) if markdown else None)
        except (BadKey, NoKey) as error:
            raise CommandError(f"{error} Give the reviewer's public key by --public-key.") from error
        except NotABadge as error:
            raise CommandError(f"{options['file']} is not a whole review.json. {error}") from error
        if faults:
            raise CommandError("\n".join([f"{options['file']}: the badge does NOT hold.", *faults]))
        said = found["badge"]["statement"]
        self.stdout.write(
            f"The badge holds: approved by {said['reviewed_by']} at {said['approved_at']}, and unchanged since.\n"
            f"Matter {said['matter']}, version {said['version']}, SHA-256 of the text {said['text_sha256']}."
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error
