"""The capitalization tables, added up from the securities."""

from dataclasses import dataclass
from decimal import Decimal

from demo.providers.carta.grants import outstanding_of
from demo.providers.carta.scalars import day, decimal, money, without_none
from demo.providers.company import Entry, equity, people


@dataclass(frozen=True)
class _Held:
    """`shares` are there already, `promised` ones may come (options, units); `cash` was paid for them."""

    holder: str
    share_class: str
    shares: int = 0
    promised: int = 0
    cash: Decimal = Decimal()


def _held() -> list[_Held]:
    common = equity()["share_classes"][0]["name"]
    stock = [(entry, entry.get("share_class", common)) for entry in _stock()]
    shares = [
        _Held(entry["holder"], name, shares=_count(entry), cash=_count(entry) * Decimal(entry["price"]))
        for entry, name in stock
    ]
    options = [_Held(grant["holder"], common, promised=outstanding_of(grant)) for grant in equity()["option_grants"]]
    units = [_Held(unit["holder"], common, promised=_count(unit)) for unit in equity()["restricted_stock_units"]]
    return shares + options + units


def _stock() -> list[Entry]:
    return [*equity()["certificates"], *equity()["restricted_stock_awards"]]


def _count(entry: Entry) -> int:
    return int(Decimal(entry["quantity"]))


def _summary(held: list[_Held]) -> Entry:
    shares, promised = sum(one.shares for one in held), sum(one.promised for one in held)
    return {
        "fullyDilutedShares": decimal(f"{shares + promised}.00"),
        "outstandingShares": decimal(f"{shares}.00"),
        "cashRaised": money(str(sum((one.cash for one in held), Decimal()))),
    }


def capitalization_table() -> Entry:
    """By class, by plan, and by round of convertibles (all of which have become shares)."""
    held = _held()
    return {
        "issuerId": equity()["issuer"]["id"],
        "asOfDate": day(equity()["as_of"]),
        "summary": _summary(held),
        "shareClassSummaries": [
            {"shareClassId": entry["id"], **_summary([one for one in held if one.share_class == entry["name"]])}
            for entry in equity()["share_classes"]
        ],
        "optionPoolSummaries": [_pool(held)],
        "noteBlockSummaries": [_notes()],
    }


def _pool(held: list[_Held]) -> Entry:
    plan, promised = equity()["plan"], sum(one.promised for one in held)
    return {
        "optionPoolId": plan["id"],
        "shareClassId": plan["share_class"],
        "name": plan["name"],
        "authorizedShares": decimal(plan["authorized"]),
        "fullyDilutedShares": decimal(promised),
        "outstandingEquityAwardDerivatives": decimal(promised),
    }


def _notes() -> Entry:
    paid = sum((Decimal(note["paid"]) for note in equity()["convertible_notes"]), Decimal())
    cash = money(str(paid))
    return {"noteBlockId": equity()["note_block"]["id"], "cashRaised": cash, "principal": cash, "interest": money("0")}


def stakeholder_capitalization_table() -> Entry:
    """By holder, and holders by group."""
    groups = dict.fromkeys(entry["group"] for entry in equity()["stakeholders"])
    return {
        "issuerId": equity()["issuer"]["id"],
        "asOfDate": day(equity()["as_of"]),
        "stakeholderGroups": [
            {"stakeholderGroupId": str(number), "stakeholderGroupName": name, "stakeholders": _holders(name)}
            for number, name in enumerate(groups, 1)
        ],
    }


def _holders(group: str) -> list[Entry]:
    held = _held()
    return [
        without_none(
            {
                "stakeholderId": entry["id"],
                "stakeholderName": _name(entry),
                "summary": _summary([one for one in held if one.holder == entry["id"]]),
            }
        )
        for entry in equity()["stakeholders"]
        if entry["group"] == group
    ]


def _name(holder: Entry) -> str:
    names = {person["key"]: person["name"] for person in people()["people"]}
    return str(holder.get("name") or names[holder["worker"]])
