"""What vests: the company's options, awards and units as Carta's records."""

from datetime import date
from decimal import Decimal

from demo.providers.carta.records import security
from demo.providers.carta.scalars import day, decimal, money, without_none
from demo.providers.carta.vesting import after_months, schedule, vested, vesting
from demo.providers.company import Entry, equity


def _vesting(entry: Entry) -> Entry:
    """What all that vests has. `vested` and `vestedQuantity` are of the company's day, as Carta's are of today."""
    today, rule = equity()["as_of"], schedule(entry["schedule"])
    end = after_months(entry["vests_from"], rule["months"])
    return {
        "equityIncentivePlanName": equity()["plan"],
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
    return without_none(
        {
            **security(entry),
            **_vesting(entry),
            "stockOptionType": entry["type"],
            "outstandingQuantity": decimal(_outstanding(entry)),
            "exercisedQuantity": decimal(_exercised(entry)),
            "exercisePrice": money(entry["price"]),
            "earlyExercisable": False,
            "lastExercisableDate": day(entry.get("last_exercisable")),
            "exercisePeriods": equity()["exercise_periods"].get(entry.get("periods")),
        }
    )


def _exercised(grant: Entry) -> int:
    """Options of the grant that became shares."""
    return int(grant.get("exercised", 0))


def _outstanding(grant: Entry) -> int:
    """Options that can still vest or be exercised: of a grant that ended what had vested, until the last day for it."""
    last = grant.get("last_exercisable")
    if last is not None and last < equity()["as_of"]:
        return 0
    held = vested(grant, equity()["as_of"]) if "terminated" in grant else int(Decimal(grant["quantity"]))
    return held - _exercised(grant)


def restricted_stock_awards() -> list[Entry]:
    return [
        without_none(
            {
                **security(entry),
                **_vesting(entry),
                "shareClassName": equity()["common"]["name"],
                "pricePerShare": money(entry["price"]),
            }
        )
        for entry in equity()["restricted_stock_awards"]
    ]


def restricted_stock_units() -> list[Entry]:
    return [
        without_none({**security(entry), **_vesting(entry), "outstandingQuantity": decimal(entry["quantity"])})
        for entry in equity()["restricted_stock_units"]
    ]
