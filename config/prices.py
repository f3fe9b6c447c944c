"""`LLM_PRICES`: what the tokens of each model cost."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from environ import ImproperlyConfigured  # Django's; the supervisor, which has no Django, reads prices too

Prices = dict[str, tuple[Decimal, Decimal]]
DEAREST = Decimal(4_000)  # US dollars per million tokens: more is a slip of the pen
_FORM = 'LLM_PRICES must be JSON like {"gpt-5-mini": ["0.25", "2.00"]}: US dollars per million tokens of the prompt, '


def read_prices(text: str) -> Prices:
    """By model the US dollars per million tokens of prompt and completion. Raises ImproperlyConfigured."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ImproperlyConfigured(f"{_FORM}and of the completion. It could not be read: {error}") from None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f"{_FORM}and of the completion. It is no object.")
    return {model: _pair(model, pair) for model, pair in found.items()}


def _pair(model: str, pair: Any) -> tuple[Decimal, Decimal]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ImproperlyConfigured(f"{_FORM}and of the completion. {model!r} does not have two prices.")
    return _price(model, pair[0]), _price(model, pair[1])


def _price(model: str, value: Any) -> Decimal:
    try:
        price = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        price = None
    if price is None or not price.is_finite() or not 0 <= price <= DEAREST:
        raise ImproperlyConfigured(f"{_FORM}and of the completion. {value!r} is no price for {model!r}.")
    return price
