"""Carta wraps its scalars."""

from datetime import date
from typing import Any

Wrapped = dict[str, Any]


def day(value: date | None) -> Wrapped | None:
    return None if value is None else {"value": value.isoformat()}


def decimal(value: str | int) -> Wrapped:
    return {"value": str(value)}


def money(amount: str) -> Wrapped:
    return {"currencyCode": {"value": "USD"}, "amount": {"value": amount}}


def without_none(record: Wrapped) -> Wrapped:
    """Carta leaves out what is not set."""
    return {name: value for name, value in record.items() if value is not None}
