"""How log lines look: a JSON object each; with DEBUG, words for a person at a terminal.

A line has `request`, `matter` and `step` where they are known: whoever knows them binds them (`structlog.contextvars`).
Of an exception its types and places are written, and not what it says: a database quotes the row that it refused, and
a row has founders' words. With DEBUG everything is written.
"""

import logging
import traceback
from typing import Any

import psycopg
import structlog
from django.db import Error as DjangoDatabaseError
from structlog.typing import EventDict, Processor, WrappedLogger

_DATABASE_ERRORS = (DjangoDatabaseError, psycopg.Error)
_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=["method", "route", "status", "ms"]),  # of a request that was answered, or a step
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def formatter(*, debug: bool) -> logging.Formatter:
    """The formatter of every handler."""
    last: list[Processor] = [places_of_exception, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if debug:
        last = [structlog.dev.ConsoleRenderer(colors=False)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_BEFORE,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        use_get_message=True,
    )


def places_of_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types of the exception and of those behind it, each with where it was raised."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    told: list[str] = []
    while isinstance(error, BaseException) and len(told) < 10:
        told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
        error = error.__cause__ or error.__context__
    if told:
        event["exception"] = "\nbehind it:\n".join(told)
    return event


class WithoutWords(logging.Filter):
    """Of what an exception says, nothing that may quote a row.

    Celery repeats it in its own line; here that says only of which type it was. A database error among a line's
    arguments is told by its type and SQLSTATE, or, where the database was away, by its first line: that quotes nothing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_told(arg) if isinstance(arg, _DATABASE_ERRORS) else arg for arg in record.args)
        context: Any = record.args
        if record.name == "celery.app.trace" and record.exc_info and isinstance(context, dict):
            kind = record.exc_info[0].__name__ if record.exc_info[0] else "an error"
            record.msg, record.args = "Task %s[%s] ended with %s", (context.get("name"), context.get("id"), kind)
        return True


def _told(error: BaseException) -> str:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = getattr(cause, "sqlstate", None)
    if isinstance(cause, psycopg.OperationalError) and state is None:  # of the connection, not of a statement
        return str(error).partition("\n")[0]
    return f"{type(error).__name__} {state or ''}".rstrip()
