"""Posted forms are left to Django: Twisted would read each a second time, whole and on the event loop."""

import sys
from functools import partialmethod


def leave_forms_to_django() -> None:
    """Have Daphne's requests come unparsed. What Twisted can't read as a form it refuses with a bare 400 of its own."""
    if daphne := sys.modules.get("daphne.http_protocol"):  # another server does not parse them
        daphne.WebRequest.__init__ = partialmethod(daphne.WebRequest.__init__, parsePOSTFormSubmission=False)
