"""Every call to a model for a matter, with what was said and what came back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advice.models import Attempt, AttemptStatus
from advice.services import folded_text
from matters.models import CallOutcome, LLMCall, LLMCallText, Matter
from workers.steps.draft_advice import with_sources

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
    """The calls in the order in which they were recorded: one query, and one for the attempts that they wrote."""
    calls = list(matter.calls.select_related("step", "text").order_by("pk"))
    words = [text for call in calls if (text := getattr(call, "text", None))]
    written = {text.wrote for text in words if text.wrote is not None}
    attempts = {a.pk: a for a in Attempt.objects.filter(pk__in=written).only("status", "text", "sources")}
    replies = _replies(words, attempts)
    return [_shown(call, attempts, replies) for call in calls]


def _shown(call: LLMCall, attempts: Mapping[int, Attempt], replies: dict[int, str]) -> CallShown:
    text = getattr(call, "text", None)
    if text is None:
        return CallShown(call, [], "", "")
    attempt = attempts.get(text.wrote) if text.wrote is not None else None
    sources = {source["marker"]: source["text"] for source in attempt.sources} if attempt else {}
    prompt = [(said["role"], with_sources(said["content"], sources)) for said in json.loads(text.prompt)]
    failed = call.outcome in FAILED
    return CallShown(call, prompt, replies.get(call.pk, "" if failed else text.reply), text.reply if failed else "")


def _replies(words: Iterable[LLMCallText], attempts: Mapping[int, Attempt]) -> dict[int, str]:
    """By call what it wrote of an advice: of an attempt's several calls each has what stands before the next one's."""
    parts = [(text.pk, text.wrote, text.start) for text in words if text.wrote is not None]
    texts = {pk: _text_of(attempt) for pk, attempt in attempts.items()}
    ends: dict[int, int] = {}
    found = {}
    for call, attempt, start in reversed(parts):
        found[call] = texts.get(attempt, "")[start : ends.get(attempt)]
        ends[attempt] = start
    return found


def _text_of(attempt: Attempt) -> str:
    return folded_text(attempt.pk) if attempt.status == AttemptStatus.STREAMING else attempt.text
