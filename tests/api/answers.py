"""What every error of the API looks like."""

import json
import re
from typing import Any

from django.http import HttpResponse

PROBLEM = "application/problem+json"


def read_problem(response: HttpResponse, status: int) -> dict[str, Any]:
    """The problem document that `response` is; fails where it lacks anything that the contract gives it."""
    assert response.status_code == status, f"{response.status_code}: {response.content[:300]!r}"
    assert response["Content-Type"] == PROBLEM, "an error is a problem document"
    document: dict[str, Any] = json.loads(response.content)
    assert {"type", "title", "status", "detail", "request_id"} <= document.keys()
    assert document["status"] == status
    assert document["detail"], "the detail says what to do"
    assert re.fullmatch("[0-9a-f]{32}", document["request_id"])
    assert response["X-Request-ID"] == document["request_id"], "one id, in the body and in the header"
    return document


def fields_of(problem: dict[str, Any]) -> list[str]:
    """The fields that a 400 names."""
    return [error["field"] for error in problem["errors"]]
