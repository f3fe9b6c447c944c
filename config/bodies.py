"""Bodies of API calls: bounded before they are read, and read or refused without a fault of ours."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from companies.problems import Problem

BODY_LIMIT = 64 * 1024
MOST_NAMES = 5_000  # of one object: each that is wrong is an error to be made
LARGER_LIMITS = {"/api/v1/batches": 16 * 1024 * 1024}  # by address


class SafeParser(Parser):
    """Whatever a body holds, it is a JSON value or a Problem 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON value of the body, whatever its Content-Type says. Raises Problem."""
        try:
            return json.loads(
                request.body.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates
            )
        except RecursionError:
            raise _refused("The body's JSON is nested too deeply.") from None
        except UnicodeDecodeError:
            raise _refused("The body is not UTF-8. Send JSON in UTF-8.") from None
        except json.JSONDecodeError as error:
            raise _refused(f"The body is not JSON: {error}.") from None
        except ValueError:  # Python reads no whole number of more than 4,300 digits
            raise _refused("The body's JSON has a number of thousands of digits.") from None


def _refused(why: str) -> Problem:
    return Problem(400, why, errors=[{"field": "body", "message": why}])


def _refuse_constant(name: str) -> None:
    raise _refused(f"The body is not JSON: {name} is not allowed.")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise _refused(f"The body's JSON has an object of more than {MOST_NAMES:,} names.")
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _refused("The body's JSON has a name twice in one object.")
    return value


def read_bounded(request: HttpRequest) -> None:
    """Read the body into `request.body`, one byte beyond the limit at most, also where no length was declared.

    Raises Problem 413.
    """
    limit = LARGER_LIMITS.get(request.path, BODY_LIMIT)
    body = request.read(limit + 1)
    if len(body) > limit:
        raise Problem(413, f"The body is larger than {limit // 1024:,} KB.")
    setattr(request, "_body", body)  # noqa: B010 - where Django keeps what `body` has read
