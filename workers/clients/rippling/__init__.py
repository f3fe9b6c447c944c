"""Rippling (HR), read only. See `RipplingClient`, and `records` for what leaves it."""

from workers.clients.rippling.client import RIPPLING, RipplingClient
from workers.clients.rippling.records import (
    Compensation,
    EmploymentType,
    LeaveBalance,
    LegalEntity,
    Location,
    User,
    Worker,
    WorkLocation,
)

__all__ = [
    "RIPPLING",
    "Compensation",
    "EmploymentType",
    "LeaveBalance",
    "LegalEntity",
    "Location",
    "RipplingClient",
    "User",
    "WorkLocation",
    "Worker",
]
