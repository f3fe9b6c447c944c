"""Doing something for many matters: one that it fails for holds up none of the others."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import OperationalError

from companies.postgresql.faults import is_locked_out

logger = logging.getLogger(__name__)


def do_for_each(matters: Iterable[UUID], do: Callable[[UUID], object], what: str) -> None:
    """Call `do` with each of `matters`. What fails now is in the log by its id, and beat's next run tries it again.

    Raises OperationalError where it is the database that fails, and not the one matter.
    """
    for matter in matters:
        try:
            do(matter)
        except Exception as error:
            if isinstance(error, OperationalError) and not is_locked_out(error):
                raise
            logger.exception("%s could not be done for matter %s", what, matter)
