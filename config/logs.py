"""How log lines look: a JSON object each; with DEBUG, words for a person at a terminal.

A line has `request`, `matter` and `step` where they are known: whoever knows them binds them (`structlog.contextvars`).
Of an exception its types and places are written, and not what it says: a database quotes the row that it refused, and
a row has founders' words. With DEBUG everything is written.
"""

import logging
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
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
    """Celery repeats in its own line what a task's exception says; here it says only of which type it was."""

    def filter(self, record: logging.LogRecord) -> bool:
        context: Any = record.args
        if record.name == "celery.app.trace" and record.exc_info and isinstance(context, dict):
            kind = record.exc_info[0].__name__ if record.exc_info[0] else "an error"
            record.msg, record.args = "Task %s[%s] ended with %s", (context.get("name"), context.get("id"), kind)
        return True
