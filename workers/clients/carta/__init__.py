"""Carta (equity), read only. See `CartaClient`, and `records` for what leaves it."""

from workers.clients.carta.client import CartaClient
from workers.clients.carta.provider import CARTA, SCOPES
from workers.clients.carta.records import (
    ExercisePeriod,
    ExercisePeriods,
    FairMarketValue,
    Issuer,
    OptionGrant,
    RestrictedStockAward,
    RestrictedStockUnit,
    ShareClassValuation,
    Stakeholder,
    VestingEvent,
)

__all__ = [
    "CARTA",
    "SCOPES",
    "CartaClient",
    "ExercisePeriod",
    "ExercisePeriods",
    "FairMarketValue",
    "Issuer",
    "OptionGrant",
    "RestrictedStockAward",
    "RestrictedStockUnit",
    "ShareClassValuation",
    "Stakeholder",
    "VestingEvent",
]
