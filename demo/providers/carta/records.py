"""The company as the records of Carta's lists."""

from datetime import date
from decimal import Decimal
from typing import Any

from demo.providers.carta.scalars import day, decimal, money, without_none
from demo.providers.carta.vesting import after_months, schedule, vested, vesting
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


def _security(entry: Entry) -> Entry:
    """What all securities have."""
    return {
        "id": entry["id"],
        "issuerId": equity()["issuer"]["id"],
        "stakeholderId": entry["holder"],
        "securityLabel": entry["label"],
        "quantity": decimal(entry["quantity"]),
        "issueDate": day(entry["issued"]) if isinstance(entry["issued"], date) else None,
    }


def _vesting(entry: Entry) -> Entry:
    """What all that vests has. `vested` and `vestedQuantity` are of the company's day, as Carta's are of today."""
    today, rule = equity()["as_of"], schedule(entry["schedule"])
    end = after_months(entry["vests_from"], rule["months"])
    return {
        "equityIncentivePlanName": equity()["plan"]["name"],
        "vestingStartDate": day(entry["vests_from"]),
        "terminationDate": day(entry.get("terminated")),
        "vestedQuantity": decimal(vested(entry, today)),
        "vestingSchedule": {"name": rule["name"], "startDate": day(entry["vests_from"]), "endDate": day(end)},
        "vestingEvents": [_event(entry, number, *event) for number, event in enumerate(vesting(entry), 1)],
    }


def _event(entry: Entry, number: int, when: date, shares: int) -> Entry:
    return {
        "id": f"{entry['id']}{number:02}",
        "vestDate": day(when),
        "quantity": decimal(shares),
        "vested": when <= equity()["as_of"],
        "performanceCondition": False,
    }


def option_grants() -> list[Entry]:
    return [_option_grant(entry) for entry in equity()["option_grants"]]


def _option_grant(entry: Entry) -> Entry:
    exercised = exercised_of(entry)
    return without_none(
        {
            **_security(entry),
            **_vesting(entry),
            "stockOptionType": entry["type"],
            "outstandingQuantity": decimal(outstanding_of(entry)),
            "exercisedQuantity": decimal(exercised),
            "exercisePrice": money(entry["price"]),
            "earlyExercisable": False,
            "lastExercisableDate": day(entry.get("last_exercisable")),
            "exercisePeriods": equity()["exercise_periods"].get(entry.get("periods")),
        }
    )


def exercised_of(grant: Entry) -> int:
    """Options of the grant that became shares."""
    return sum(int(entry["quantity"]) for entry in equity()["option_exercises"] if entry["grant"] == grant["id"])


def outstanding_of(grant: Entry) -> int:
    """Options that can still vest or be exercised: none once the last day for it is over."""
    last = grant.get("last_exercisable")
    if last is not None and last < equity()["as_of"]:
        return 0
    return int(Decimal(grant["quantity"])) - exercised_of(grant)


def restricted_stock_awards() -> list[Entry]:
    return [
        without_none(
            {
                **_security(entry),
                **_vesting(entry),
                "shareClassName": equity()["share_classes"][0]["name"],
                "pricePerShare": money(entry["price"]),
            }
        )
        for entry in equity()["restricted_stock_awards"]
    ]


def restricted_stock_units() -> list[Entry]:
    return [
        without_none({**_security(entry), **_vesting(entry), "outstandingQuantity": decimal(entry["quantity"])})
        for entry in equity()["restricted_stock_units"]
    ]


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
        {**_security(entry), "shareClassName": entry["share_class"], "pricePerShare": money(entry["price"])}
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
