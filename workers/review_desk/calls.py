"""Every call to a model for a matter, with what was said and what came back."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from advice.models import Attempt, AttemptStatus
from advice.services import folded_text
from matters.models import CallOutcome, LLMCall, LLMCallText, Matter

FAILED = (CallOutcome.ERROR, CallOutcome.CANCELED)


@dataclass(frozen=True)
class CallShown:
    """`prompt`: its messages, each as role and words; none where it is not kept (made by an older release).

    `reply`: whole, as it came. `failure`: what was said of a call that failed.
    """

    call: LLMCall
    prompt: list[tuple[str, str]]
    reply: str
    failure: str


def calls_shown(matter: Matter) -> list[CallShown]:
    """The calls in the order in which they were recorded: one query, and one for the texts of the advice."""
    calls = list(matter.calls.select_related("step", "text").order_by("pk"))
    words = [text for call in calls if (text := getattr(call, "text", None))]
    replies = _replies(words)
    return [_shown(call, replies) for call in calls]


def _shown(call: LLMCall, replies: dict[int, str]) -> CallShown:
    text = getattr(call, "text", None)
    if text is None:
        return CallShown(call, [], "", "")
    prompt = [(message["role"], message["content"]) for message in json.loads(text.prompt)]
    failed = call.outcome in FAILED
    return CallShown(call, prompt, replies.get(call.pk, "" if failed else text.reply), text.reply if failed else "")


def _replies(words: Iterable[LLMCallText]) -> dict[int, str]:
    """By call what it wrote of an advice: of an attempt's several calls each has what stands before the next one's."""
    parts = [(text.pk, text.wrote, text.start) for text in words if text.wrote is not None]
    attempts = Attempt.objects.filter(pk__in={attempt for _, attempt, _ in parts}).only("status", "text")
    texts = {attempt.pk: _text_of(attempt) for attempt in attempts}
    ends: dict[int, int] = {}
    found = {}
    for call, attempt, start in reversed(parts):
        found[call] = texts.get(attempt, "")[start : ends.get(attempt)]
        ends[attempt] = start
    return found


def _text_of(attempt: Attempt) -> str:
    return folded_text(attempt.pk) if attempt.status == AttemptStatus.STREAMING else attempt.text
