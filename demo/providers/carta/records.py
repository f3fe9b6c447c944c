"""The company as the records of Carta's lists; what vests is in `grants.py`."""

from typing import Any

from demo.providers.carta.scalars import day, decimal, money
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
        "issueDate": day(entry["issued"]),
    }


def fair_market_values() -> list[Entry]:
    common = equity()["common"]
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


def issuers() -> list[Entry]:
    return [equity()["issuer"]]
