"""What a reader of an advice must be told beside it."""

from django.conf import settings

DEMO_MODEL = "demo-model"

_ALWAYS = (
    "Written by a machine from the company's playbooks and the facts listed here, and not reviewed by an attorney. "
    "It is not legal advice, and no attorney–client relationship comes of it."
)
_DEMO = (
    "Made by the demo model: this text was assembled from the playbook and the facts, not written by a language model. "
)


def notice_for(model: str) -> str:
    """The notice of an advice by `model`. This label is the only thing that asks whether the demo model is in use."""
    return _DEMO + _ALWAYS if model == DEMO_MODEL else _ALWAYS


def demo_notice() -> str:
    """What every page says while the demo model answers; else empty."""
    return _DEMO.strip() if DEMO_MODEL in (settings.LLM_MODEL, settings.LLM_ADVICE_MODEL) else ""
