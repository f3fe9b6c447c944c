"""Facts from Rippling's records: state of work, kind of employment, age limit, headcount, pay, leave, tenure.

Of who has left they are what they were at the end, and say so.
"""

from datetime import date, timedelta

from workers.steps.calendar_time import day_words, duration_words, whole_months
from workers.steps.found_records import HeadcountFound, LeaveFound, LeavesFound, PayFound, WorkerFound
from workers.steps.operations import Component
from workers.steps.readings import CannotTell, ConvertInput, Reading, Why, digits, grouped, told
from workers.steps.us_states import other_names, state_name

_ARTICLE = {"employee": "an employee", "contractor": "a contractor"}
_PER_YEAR = (Component.ANNUAL_SALARY, Component.TARGET_BONUS)
_PAY = {
    Component.ANNUAL_SALARY: "base salary",
    Component.TARGET_BONUS: "target bonus",
    Component.SIGNING_BONUS: "signing bonus",
    Component.RELOCATION: "relocation reimbursement",
}


def worker_status(given: ConvertInput, found: WorkerFound) -> Reading:
    """Employee or contractor; what else stands there is told beside it."""
    employment = told(given, found, "employment", "the kind of employment (employee or contractor)")
    parts = [f"{given.person} is recorded as {_ARTICLE[employment]}"]
    if found.title:
        parts.append(f"title {found.title.rstrip('.')}")
    if found.start_date:
        parts.append(f"{'from' if found.start_date > given.today else 'since'} {day_words(found.start_date)}")
    if found.exempt is not None:
        parts.append("exempt from overtime" if found.exempt else "not exempt from overtime")
    statement = f"{', '.join(parts)}.{_end_words(given, found)}"
    return Reading({"text": employment}, found.id, statement, as_of=_last_day(given, found))


def job_title(given: ConvertInput, found: WorkerFound) -> Reading:
    title = told(given, found, "title", "a title")
    statement = f"The title on record is {title}.{_end_words(given, found)}"
    return Reading({"text": title}, found.id, statement, as_of=_last_day(given, found))


def start_date(given: ConvertInput, found: WorkerFound) -> Reading:
    start = told(given, found, "start_date", "the start date")
    values = {"date": start.isoformat(), "text": day_words(start)}
    begins = "begins" if start > given.today else "began"
    statement = f"{given.person} {begins} on {day_words(start)}.{_end_words(given, found)}"
    return Reading(values, found.id, statement, as_of=_last_day(given, found))


def tenure(given: ConvertInput, found: WorkerFound) -> Reading:
    """Whole months from the start date to the day, or to the end of the last one of who leaves before."""
    start = told(given, found, "start_date", "the start date")
    until, words_until, as_of = given.day, given.day_words, given.day
    if found.has_left and (last := told(given, found, "end_date", "the last day")) < given.day:
        until, words_until, as_of = last + timedelta(days=1), f"{day_words(last)}, the last day", last
    months = whole_months(start, until)
    if months < 0:
        raise CannotTell("ambiguous", f"The start date on record, {day_words(start)}, is after {words_until}.")
    words = duration_words(months)
    statement = f"{given.person} began on {day_words(start)}: {words} until {words_until}."
    return Reading({"number": str(months), "text": words}, found.id, statement, unit="months", as_of=as_of)


def work_state(given: ConvertInput, found: WorkerFound) -> Reading:
    """The state of the place of work; of who works remotely, that of the home address.

    Codes of other countries and their regions are codes of American states, too: `CA`, `DE`. So they are told as what
    they are, and compared with no state.
    """
    region = _region(given, found)
    abroad = found.country if found.country not in (None, "US", "USA", "United States") else None
    state = None if abroad else state_name(region)
    shown = f"{region} (country {abroad})" if abroad else state or region
    basis = "home address, working remotely" if found.remote else "place of work"
    also = () if abroad else (*other_names(state or ""), region)
    works = "worked" if _has_ended(given, found) else "works"
    statement = f"{given.person} {works} in {shown} ({basis}).{_end_words(given, found)}"
    return Reading({"text": shown}, found.id, statement, also=also, as_of=_last_day(given, found))


def work_state_and_entity(given: ConvertInput, found: WorkerFound) -> Reading:
    state = work_state(given, found)
    entity = told(given, found, "entity", "the legal entity that employs this person", state.statement)
    text = f"{state.values['text']}; employed by {entity}"
    statement = f"{state.statement} The legal entity is {entity.rstrip('.')}."
    return Reading({"text": text}, found.id, statement, as_of=state.as_of)


def _region(given: ConvertInput, found: WorkerFound) -> str:
    if not found.remote:
        home = f"A home address is in {', '.join(found.regions)}." if found.regions else ""
        return str(told(given, found, "workplace", "the state of the place of work", home))
    if len(found.regions) > 1:
        states = ", ".join(found.regions)
        raise CannotTell("ambiguous", "Rippling has several addresses of this person.", f"Addresses in {states}.")
    if why := found.withheld.get("regions"):
        raise CannotTell("redacted", f"This person works remotely, and Rippling holds back the address ({why}).")
    if "regions" in found.unreadable:
        raise CannotTell("unreadable", "This person works remotely, and the address in Rippling could not be read.")
    if not found.regions:
        raise CannotTell("missing", "This person works remotely, and Rippling has no address with a state.")
    return found.regions[0]


def _has_ended(given: ConvertInput, found: WorkerFound | PayFound) -> bool:
    return found.has_left and (found.end_date is None or found.end_date < given.today)


def _last_day(given: ConvertInput, found: WorkerFound | PayFound) -> date | None:
    """Of who has left the day on which what is on record was true last; None for who works here."""
    return found.end_date if _has_ended(given, found) else None


def _end_words(given: ConvertInput, found: WorkerFound | PayFound) -> str:
    """A sentence on the end of the employment; empty where none is on record."""
    if not found.has_left:
        return ""
    if found.end_date is None:
        return " The employment has ended; its last day is not known."
    return f" The employment {'ended' if _has_ended(given, found) else 'ends'} on {day_words(found.end_date)}."


def age_40_plus(given: ConvertInput, found: WorkerFound) -> Reading:
    """Only whether; the birth date never comes this far."""
    value = told(given, found, "age_40_plus", "a birth date")
    statement = f"{given.person} is {'40 or older' if value else 'younger than 40'} on {given.day_words}."
    word = "yes" if value else "no"
    return Reading({"yes_no": word, "text": word}, found.id, statement)


def headcount(given: ConvertInput, found: HeadcountFound) -> Reading:
    """Active employees. Contractors are told beside; whoever is neither on record makes the count a question."""
    known = f"{found.employees} active employees and {found.contractors} active contractors are on record."
    if not found.complete:
        raise CannotTell("ambiguous", "Rippling's list of workers did not come to its end.", f"At least: {known}")
    if found.untold:
        reason = (
            f"It can't be told of {found.untold} active workers in Rippling whether they are employees or contractors."
        )
        why: Why = "redacted" if found.withheld else "unreadable" if found.unreadable or found.new else "missing"
        new = found.new.get("employment")
        raise CannotTell(why, reason, f"{known} Kinds of employment that are new to us: {new}." if new else known)
    statement = f"Rippling has {found.employees} active employees; {found.contractors} contractors are not counted."
    count = str(found.employees)
    return Reading({"number": count, "text": f"{count} employees"}, "", statement, unit="employees")


def compensation(given: ConvertInput, found: PayFound) -> Reading:
    """One component; an amount of zero is an amount, none is not. One that is only to be paid is none of today."""
    component = given.plan.component or Component.ANNUAL_SALARY
    amount = told(given, found, "amount", f"a {_PAY[component]}")
    unit = f"{amount.currency} per year" if component in _PER_YEAR else amount.currency
    since = f", since {day_words(found.since)}" if found.since and component == Component.ANNUAL_SALARY else ""
    words = f"{grouped(amount.amount)} {unit}"
    if component in _PER_YEAR:
        _must_be_paid_now(given, found, component, words)
    was = "was" if _has_ended(given, found) else "is"
    statement = f"The {_PAY[component]} of {given.person} {was} {words}{since}.{_end_words(given, found)}"
    values = {"money": digits(amount.amount), "text": words}
    return Reading(values, found.id, statement, unit=unit, as_of=_last_day(given, found))


def _must_be_paid_now(given: ConvertInput, found: PayFound, component: Component, words: str) -> None:
    """Raises CannotTell."""
    if "since" in found.unreadable:
        reason = f"The date from which Rippling's {_PAY[component]} is paid could not be read."
        raise CannotTell("unreadable", reason, f"Rippling has {words}.")
    if found.since and found.since > given.today:
        day = day_words(found.since)
        reason = (
            f"The {_PAY[component]} in Rippling is paid only from {day}, and it does not show what is paid until then."
        )
        raise CannotTell("ambiguous", reason, f"Rippling has {words} from {day}.")


def leave_balance(given: ConvertInput, found: LeavesFound) -> Reading:
    """Text at best: Rippling does not say in which unit a balance is, and an unlimited policy has none."""
    if why := found.withheld.get("leaves"):
        raise CannotTell("redacted", f"Rippling holds back the leave balances ({why}), so we are asking you.")
    if not found.leaves:
        raise CannotTell("missing", "Rippling has no leave balance of this person.")
    lines = [_leave_words(leave) for leave in found.leaves]
    statement = f"Rippling shows for {given.person}: {'; '.join(lines)}."
    if all(leave.unlimited for leave in found.leaves):
        return Reading({"text": "unlimited"}, found.id, statement)
    raise CannotTell("unset", "Rippling does not say whether its leave balances are days or hours.", statement)


def _leave_words(leave: LeaveFound) -> str:
    kind = leave.kind or "leave"
    if leave.unlimited:
        return f"{kind} unlimited"
    if "balance" in leave.unreadable:
        return f"{kind} with a balance that could not be read"
    return f"{kind} {'without a balance' if leave.balance is None else digits(leave.balance)}"
