"""The company as Rippling's records, sensitive fields included: Rippling sends them, so clients must stop them."""

from collections.abc import Callable, Iterable
from typing import Any

from demo.providers.company import Entry, people, rippling_id, work_email

EXPANDABLE = ("user", "legal_entity", "employment_type", "compensation")


def workers() -> list[Entry]:
    """All workers; references are ids only."""
    return [_worker(number, person) for number, person in enumerate(people()["people"])]


def _worker(number: int, person: Entry) -> Entry:
    key, sensitive = person["key"], people()["sensitive"]
    return {
        "id": rippling_id("worker", key),
        "created_at": f"{person['start']}T09:00:00Z",
        "updated_at": f"{people()['as_of']}T09:00:00Z",
        "user_id": rippling_id("user", key),
        "manager_id": _manager_id(person),
        "legal_entity_id": rippling_id("legal_entity", person.get("entity", "us")),
        "country": person.get("country", "US"),
        "start_date": str(person["start"]),
        "end_date": _text(person.get("end")),
        "work_email": work_email(person),
        "personal_email": f"{key}@home.example",
        "status": "TERMINATED" if "end" in person else "ACTIVE",
        "location": _location(person),
        "employment_type_id": rippling_id("employment_type", person.get("employment", "salaried")),
        "department_id": rippling_id("department", person["department"]),
        "title": person["title"],
        "overtime_exemption": person.get("overtime", "EXEMPT"),
        "compensation_id": rippling_id("compensation", key),
        "termination_details": person.get("termination"),
        "date_of_birth": str(person["born"]),
        "gender": _in_turn(sensitive["gender"], number),
        "race": _in_turn(sensitive["race"], number),
        "ethnicity": _in_turn(sensitive["ethnicity"], number),
        "country_fields": {"us": {"ssn": f"900-{10 + number}-{4000 + number}"}},
    }


def _manager_id(person: Entry) -> str | None:
    """Whoever names no manager is led by the first of the list, who has none."""
    first = people()["people"][0]["key"]
    return None if person["key"] == first else rippling_id("worker", person.get("manager", first))


def _location(person: Entry) -> Entry:
    if person["place"] == "remote":
        return {"type": "REMOTE", "work_location_id": None}
    return {"type": "WORK", "work_location_id": rippling_id("work_location", person["place"])}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _in_turn(values: list[str], number: int) -> str:
    return values[number % len(values)]


def users() -> list[Entry]:
    """The persons behind the workers."""
    return [_user(number, person) for number, person in enumerate(people()["people"])]


def _user(number: int, person: Entry) -> Entry:
    given, _, family = person["name"].partition(" ")
    address = {
        "type": "HOME",
        "street_address": _in_turn(people()["sensitive"]["street"], number),
        "region": person.get("state"),
        "country": person.get("country", "US"),
    }
    return {
        "id": rippling_id("user", person["key"]),
        "active": "end" not in person,
        "username": work_email(person),
        "name": {"formatted": person["name"], "given_name": given, "family_name": family},
        "addresses": [address] if "state" in person else [],
    }


def compensations() -> list[Entry]:
    """What everybody is paid."""
    return [_compensation(person) for person in people()["people"]]


def _compensation(person: Entry) -> Entry:
    return {
        "id": rippling_id("compensation", person["key"]),
        "worker_id": rippling_id("worker", person["key"]),
        "annual_compensation": _money(person["pay"]),
        "target_annual_bonus": _money(person.get("target_bonus")),
        "signing_bonus": _money(person.get("signing_bonus")),
        "relocation_reimbursement": _money(person.get("relocation")),
        "salary_effective_date": str(person["start"]),
    }


def _money(value: int | None) -> Entry | None:
    return None if value is None else {"currency_type": "USD", "value": value}


def employment_types() -> list[Entry]:
    names = ("label", "type", "amount_worked", "compensation_time_period")
    return [
        {"id": rippling_id("employment_type", entry["key"]), **{name: entry[name] for name in names}}
        for entry in people()["employment_types"]
    ]


def legal_entities() -> list[Entry]:
    return [
        {
            "id": rippling_id("legal_entity", entry["key"]),
            "legal_name": entry["legal_name"],
            "country": {"code": entry["country"]},
        }
        for entry in people()["legal_entities"]
    ]


def work_locations() -> list[Entry]:
    return [
        {
            "id": rippling_id("work_location", entry["key"]),
            "name": entry["name"],
            "address": {
                "type": "WORK",
                "street_address": entry["street"],
                "locality": entry["city"],
                "region": entry["region"],
                "postal_code": entry["postal_code"],
                "country": entry["country"],
            },
        }
        for entry in people()["work_locations"]
    ]


def leave_balances() -> list[Entry]:
    """Of the people whose balances are written down; in which unit, Rippling does not say."""
    return [
        {
            "id": rippling_id("leave_balance", f"{person['key']} {kind}"),
            "worker_id": rippling_id("worker", person["key"]),
            "leave_type_id": rippling_id("leave_type", kind),
            "is_balance_unlimited": False,
            "balance_including_future_requests": float(left),
            "balance_excluding_future_requests": float(left),
        }
        for person in people()["people"]
        for kind, left in person.get("leave", {}).items()
    ]


def leave_types() -> list[Entry]:
    return [{"id": rippling_id("leave_type", entry["key"]), "name": entry["name"]} for entry in people()["leave_types"]]


_BEHIND: dict[str, tuple[str, Callable[[], list[Entry]]]] = {
    "user": ("user_id", users),
    "legal_entity": ("legal_entity_id", legal_entities),
    "employment_type": ("employment_type_id", employment_types),
    "compensation": ("compensation_id", compensations),
    "leave_type": ("leave_type_id", leave_types),
}


def expanded(records: list[Entry], names: Iterable[str]) -> list[Entry]:
    """The records with the objects that their ids stand for."""
    for name in names:
        reference, listed = _BEHIND[name]
        objects = {entry["id"]: entry for entry in listed()}
        records = [{**record, name: objects.get(record.get(reference))} for record in records]
    return records
