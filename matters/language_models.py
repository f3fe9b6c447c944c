"""The language models that the operator chose, and those that a company names."""

from django.conf import settings

OTHER = "other"  # stands in a metric for every model that only companies named


def installed_models() -> frozenset[str]:
    """The operator's own: of the steps, and of the advice. Any other name is a company's wish."""
    return frozenset((settings.LLM_MODEL, settings.LLM_ADVICE_MODEL))


def model_label(model: str) -> str:
    """What a metric calls the model: companies may name any number, and each would be a series of its own."""
    return model if model in installed_models() | settings.LLM_PRICES.keys() else OTHER
