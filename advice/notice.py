"""What a reader of an advice must be told beside it."""

from django.conf import settings

from advice.models import Attempt, AttemptStatus
from advice.review.badge import REVIEWED, STALE, Standing

DEMO_MODEL = "demo-model"

_ALWAYS = (
    "Written by a machine from the company's playbooks and the facts listed here. It is not legal advice, and it "
    "creates no attorney–client relationship."
)
_DEMO = (
    "Made by the demo model: this text was assembled from the playbook and the facts, not written by a language model. "
)
_INCOMPLETE = "Incomplete: the model stopped before the end, so this text is not the whole advice. "


def notice_for(model: str) -> str:
    """What holds of an advice by `model` for good. This label alone asks whether the demo model is in use.

    It answers by whatever name it is called, so with it in use the name that a client asked for tells nothing.
    """
    return _DEMO + _ALWAYS if model == DEMO_MODEL or demo_notice() else _ALWAYS


def notice_beside(attempt: Attempt, standing: Standing | None) -> str:
    """The notice of an advice, with who has reviewed it as things stand; None: nobody can have, it is not whole."""
    return f"{attempt.notice} {_who_reviewed(standing or Standing())}" if attempt.notice else ""


def notice_alone(attempt: Attempt, standing: Standing | None) -> str:
    """The same for readers of the notice alone; pages and files say at their head how an attempt ended."""
    incomplete = _INCOMPLETE if attempt.status == AttemptStatus.INCOMPLETE else ""
    return incomplete + notice_beside(attempt, standing)


def demo_notice() -> str:
    """What every page says while the demo model answers; else empty."""
    return _DEMO.strip() if DEMO_MODEL in (settings.LLM_MODEL, settings.LLM_ADVICE_MODEL) else ""


def _who_reviewed(standing: Standing) -> str:
    """No more than is known: that somebody of the staff, by this name, approved it. What they are is not."""
    who, at = f"{standing.reviewed_by} of our staff", standing.reviewed_at
    if standing.sent_back:
        return f"{who} has read it and sent it back: it is not approved, and not reviewed by an attorney."
    if at is None or standing.state not in (REVIEWED, STALE):
        return "It has not been reviewed by an attorney or by anyone on our staff."
    reviewed = f"{who} reviewed it on {at.day} {at:%B %Y}"
    stale = standing.state == STALE
    return f"{reviewed}, but that review no longer holds: treat it as not reviewed." if stale else f"{reviewed}."
