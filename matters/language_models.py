"""The language models that the operator chose, and those that a company names."""

from collections.abc import Mapping

from django.conf import settings

from companies.models import Company
from companies.problems import invalid_fields

OTHER = "other"  # stands in a metric for all models that only companies named
_NO_PRICE = (
    "This model has no price here, so we can't keep your company to its budget with it. Leave `model` out, name one "
    "that has a price, or ask our staff to give it one."
)


def installed_models() -> frozenset[str]:
    """The operator's own: of the steps, and of the advice. Any other name is a company's wish."""
    return frozenset((settings.LLM_MODEL, settings.LLM_ADVICE_MODEL))


def model_label(model: str) -> str:
    """What a metric calls the model: companies may name any number, and each would be a series of its own."""
    return model if model in _operators_models() else OTHER


def check_prices(company: Company, models: Mapping[str, str]) -> None:
    """Of `models`, by the fields that name them, a company with a budget may have those with a price: the calls of
    others would cost nothing. Raises Problem 400."""
    if company.daily_budget is not None:
        known = _operators_models() | {""}
        if wrong := {field: _NO_PRICE for field, model in models.items() if model not in known}:
            raise invalid_fields(wrong)


def _operators_models() -> frozenset[str]:
    return installed_models() | settings.LLM_PRICES.keys()
