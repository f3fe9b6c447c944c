"""When the facts are gathered: the fan-in of a matter's questions, and what waits for a person."""

from django.db import connection

from matters.facts.storing import follow_ledger
from matters.going_on import is_disputed
from matters.ledger import NewStep, begun_steps, hold_steps, insert_steps, revive_steps
from matters.models import Matter
from matters.questions.fetching import begin_fetches
from matters.services import ADVICE_STEP, change_status, set_waiting
from matters.states import SETTLED, MatterStatus, QuestionStatus, WaitingFor

_OPEN_STATUSES = """
SELECT DISTINCT status FROM matters_question WHERE matter_id = %(matter)s AND status <> ALL(%(settled)s)
"""


def begin_advice(matter: Matter, why: str) -> None:
    """All that was to be known is known: have the advice written."""
    change_status(matter, MatterStatus.ADVISING, why)
    insert_steps(matter, [NewStep(ADVICE_STEP, ADVICE_STEP)])


def may_advise(matter: Matter) -> bool:
    """Whether the advice of a locked, advising `matter` may still begin: some time may have passed since it was due.

    Where a fact has come to be disputed, its step rests until a person has settled it.
    """
    if not _is_to_be_settled(matter):
        return True
    hold_steps(matter)
    return False


def look_whether_gathered(matter: Matter) -> None:
    """The fan-in of the questions: with all settled the advice begins; with the rest asked, a person is waited for.

    Called under the matter's lock by whoever finishes a question's step, behind its own writes: the last one sees all.
    What a provider can be asked for now is begun; a question that waits for a person's answer waits for the person.
    With a fact in dispute the matter stays where it is until a person settles it (`matters.facts.settling`).
    """
    if matter.status == MatterStatus.ADVISING and matter.waiting_for == WaitingFor.CONFLICT and not is_disputed(matter):
        set_waiting(matter, None, "what two sources disagreed about is settled")
        revive_steps(matter)
    if matter.status != MatterStatus.GATHERING:
        return
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_STATUSES, {"matter": matter.pk, "settled": [str(status) for status in SETTLED]})
        open_statuses = {status for (status,) in cursor.fetchall()}
    if QuestionStatus.FETCHING in open_statuses:
        begin_fetches(matter)
        is_asked = QuestionStatus.AWAITING_FOUNDER in open_statuses
        if is_asked and not begun_steps(matter).exists():
            open_statuses.remove(QuestionStatus.FETCHING)  # they wait for what a person is asked
    if open_statuses == {QuestionStatus.AWAITING_FOUNDER}:
        change_status(matter, MatterStatus.AWAITING_FOUNDER, "every open question is asked")
    elif not open_statuses and not _is_to_be_settled(matter):
        begin_advice(matter, "every question is answered or unknown")


def _is_to_be_settled(matter: Matter) -> bool:
    """Whether a fact of a locked `matter` is in dispute as the ledger stands now; then the matter says so."""
    follow_ledger(matter)
    disputed = is_disputed(matter)
    if disputed:
        set_waiting(matter, WaitingFor.CONFLICT, "two sources disagree about a fact")
    return disputed
