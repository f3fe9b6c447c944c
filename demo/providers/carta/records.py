"""The company as the records of Carta's lists; what vests is in `grants.py`."""

from datetime import date
from typing import Any

from demo.providers.carta.scalars import day, decimal, money, without_none
from demo.providers.company import Entry, equity, people, rippling_id, work_email


def stakeholders() -> list[Entry]:
    return [_stakeholder(entry) for entry in equity()["stakeholders"]]


def _stakeholder(entry: Entry) -> Entry:
    person = next((person for person in people()["people"] if person["key"] == entry.get("worker")), None)
    is_matched = person is not None and "unmatched" not in entry
    email = entry.get("email") or entry.get("unmatched") or (work_email(person) if person else "")
    with_employee_id = is_matched and not entry.get("without_employee_id")
    return {
        "id": entry["id"],
        "issuerId": equity()["issuer"]["id"],
        "fullName": person["name"] if person else entry["name"],
        "email": email,
        "employeeId": rippling_id("worker", entry["worker"]) if with_employee_id else "",
        "relationship": entry["relationship"],
        "group": entry["group"],
        "entityType": "INDIVIDUAL" if person or entry["relationship"] == "ADVISOR" else "ENTITY",
        "address": {"country": "USA", "street": people()["sensitive"]["street"][0]},
        "taxId": f"900-99-{entry['id']}",
    }


def security(entry: Entry) -> Entry:
    """What all securities have."""
    return {
        "id": entry["id"],
        "issuerId": equity()["issuer"]["id"],
        "stakeholderId": entry["holder"],
        "securityLabel": entry["label"],
        "quantity": decimal(entry["quantity"]),
        "issueDate": day(entry["issued"]) if isinstance(entry["issued"], date) else None,
    }


def option_exercises() -> list[Entry]:
    return [
        {
            "id": entry["id"],
            "issuerId": equity()["issuer"]["id"],
            "stakeholderId": entry["holder"],
            "optionGrantId": entry["grant"],
            "certificateId": entry["certificate"],
            "quantity": decimal(entry["quantity"]),
            "exerciseTime": {"value": entry["at"]},
            "state": entry["state"],
        }
        for entry in equity()["option_exercises"]
    ]


def certificates() -> list[Entry]:
    return [
        {**security(entry), "shareClassName": entry["share_class"], "pricePerShare": money(entry["price"])}
        for entry in equity()["certificates"]
    ]


def convertible_notes() -> list[Entry]:
    return [
        {
            "id": entry["id"],
            "issuerId": equity()["issuer"]["id"],
            "stakeholderId": entry["holder"],
            "securityLabel": entry["label"],
            "issueDatetime": {"value": entry["issued"]},
            "conversionDatetime": {"value": entry["converted"]},
            "cashPaid": money(entry["paid"]),
            "priceCap": money(entry["cap"]),
            "discountPercentage": decimal(entry["discount"]),
            "interest": money("0"),
            "noteBlock": equity()["note_block"],
        }
        for entry in equity()["convertible_notes"]
    ]


def share_classes() -> list[Entry]:
    return [_share_class(entry) for entry in equity()["share_classes"]]


def _share_class(entry: Entry) -> Entry:
    rights = {"rightsAndPreferences": {"originalIssuePrice": money(entry["price"])}} if "price" in entry else None
    return without_none(
        {
            "id": entry["id"],
            "issuerId": equity()["issuer"]["id"],
            "name": entry["name"],
            "prefix": entry["prefix"],
            "type": entry["type"],
            "authorizedShareCount": decimal(entry["authorized"]),
            "parValue": money(entry["par"]),
            "seniority": entry.get("seniority"),
            "preferredShareClassDetails": rights,
        }
    )


def fair_market_values() -> list[Entry]:
    common = equity()["share_classes"][0]
    of_common: dict[str, Any] = {"shareClassId": common["id"], "shareClassName": common["name"], "common": True}
    return [
        {
            "id": entry["id"],
            "effectiveDate": day(entry["effective"]),
            "expirationDate": day(entry["expires"]),
            "staleDate": day(entry["expires"]),
            "shareClassValuations": [{**of_common, "price": money(entry["price"])}],
        }
        for entry in equity()["valuations"]
    ]


def vesting_schedule_templates() -> list[Entry]:
    return [
        {
            "id": entry["id"],
            "issuerId": equity()["issuer"]["id"],
            "name": entry["name"],
            "description": entry["name"],
            "vestingScheduleType": "DATE",
            "periods": _periods(entry),
        }
        for entry in equity()["schedules"]
    ]


def _periods(entry: Entry) -> list[Entry]:
    """The cliff as a period of its own, then the rest, in percent."""
    method = "MONTHLY" if entry["every"] == 1 else "QUARTERLY"
    lengths = [(entry["cliff"], "CLIFF"), (entry["months"] - entry["cliff"], method)]
    return [
        {
            "order": order,
            "percentage": str(length * 100 // entry["months"]),
            "vestingMethod": how,
            "vestingOccurs": "SAME_DAY_AS_START_DATE",
            "length": length,
            "lengthUnit": "MONTH",
        }
        for order, (length, how) in enumerate([pair for pair in lengths if pair[0]], 1)
    ]


def issuers() -> list[Entry]:
    return [equity()["issuer"]]
