"""Why an advice needs a closer look: what the check of sources, the facts and its ending say."""

from typing import Any

from advice.models import Attempt, AttemptStatus


def doubts_of(attempt: Attempt, unsupported: int, has_sources: bool) -> list[str]:
    """In a few words each, worst first. `unsupported`: passages that their sources do not bear out."""
    stands: list[Any] = [fact.get("status") for fact in attempt.facts]
    unverified, unknown = stands.count("unverified"), stands.count("unknown")
    found = (
        (attempt.status == AttemptStatus.INCOMPLETE, "incomplete"),
        (not has_sources, "no playbook"),
        (unsupported, f"{unsupported} unsupported"),
        (unverified, f"{unverified} unverified {_facts(unverified)}"),
        (unknown, f"{unknown} {'assumption' if unknown == 1 else 'assumptions'}"),
    )
    return [words for holds, words in found if holds]


def _facts(count: int) -> str:
    return "fact" if count == 1 else "facts"
