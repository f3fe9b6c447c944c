"""Rippling (HR), read only. See `RipplingClient`, and `records` for what leaves it."""

from workers.clients.rippling.client import RIPPLING, RipplingClient
from workers.clients.rippling.records import (
    Compensation,
    Department,
    EmploymentType,
    LeaveBalance,
    LegalEntity,
    Location,
    Manager,
    TerminationDetails,
    User,
    Worker,
    WorkLocation,
)

__all__ = [
    "RIPPLING",
    "Compensation",
    "Department",
    "EmploymentType",
    "LeaveBalance",
    "LegalEntity",
    "Location",
    "Manager",
    "RipplingClient",
    "TerminationDetails",
    "User",
    "WorkLocation",
    "Worker",
]
