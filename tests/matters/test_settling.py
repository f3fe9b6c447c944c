"""Two sources disagree: nothing is advised until a person has settled it, and then whatever waited goes on."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils.timezone import now

from advice.services import cancel_matter
from companies.models import Company, User
from matters.facts.settling import Choice, NoSuchChoice, settle_fact
from matters.facts.storing import disputed_entries
from matters.going_on import regenerate_matter
from matters.models import CompanyFact, Fact, Matter, Question, Step
from matters.questions.answering import answer_question
from matters.services import NotAllowed
from matters.states import About, MatterStatus, StepState, WaitingFor
from tests import rows
from tests.disputes import asked, disputed, say
from tests.processes import wait_until
from tests.threads import at_once, in_background, is_waited_for

pytestmark = pytest.mark.django_db(transaction=True)


def fresh(matter: Matter) -> tuple[str, str | None]:
    matter.refresh_from_db()
    return matter.status, matter.waiting_for


def entry_of(line: CompanyFact, source: str) -> int:
    return next(entry.pk for entry in disputed_entries(line) if entry.source == source)


def fact_of(matter: Matter) -> tuple[str | None, str, str]:
    fact = matter.facts.get(key="headcount")
    return fact.value, fact.source, fact.status


def advised(matter: Matter) -> None:
    matter.refresh_from_db()
    Step.objects.filter(matter=matter).update(state=StepState.DONE)
    rows.advised(matter, rows.begun(matter))


WAITS = (MatterStatus.GATHERING, WaitingFor.CONFLICT)


def test_the_advice_waits_while_two_sources_disagree(company: Company) -> None:
    line, matter = disputed(company)
    assert fresh(matter) == WAITS
    assert not matter.steps.filter(kind="draft_advice").exists()
    event = matter.events.latest("number")
    assert (event.type, event.data["waiting_for"]) == ("matter.updated", "conflict")
    assert "conflict between facts" in event.data["step"]
    assert [(e.source, e.value) for e in disputed_entries(line)] == [("founder", "12"), ("rippling", "14")]


def test_whoever_chooses_a_value_lets_the_matter_go_on_with_it(company: Company, founder: User) -> None:
    line, matter = disputed(company)
    settled = settle_fact(line.pk, Choice(entry_of(line, "rippling")), founder)
    assert (settled.status, settled.value, settled.source, settled.record_id) == ("known", "14", "rippling", "r-1")
    assert settled.stale_at - settled.gathered_at == timedelta(days=7)
    entry = settled.entries.latest("pk")
    assert (entry.how, entry.by, entry.pk, settled.entries.count()) == ("settled", founder, settled.settlement, 3)
    assert fact_of(matter) == ("14", "rippling", "known")
    assert fresh(matter) == (MatterStatus.ADVISING, None)
    assert matter.steps.get(kind="draft_advice").state == StepState.READY
    told = list(matter.events.order_by("-number").values_list("type", "why")[:2])
    assert told[0][0] == "matter.updated"
    assert told[1] == ("question.updated", "two sources disagreed; a person settled it")


def test_a_person_may_know_better_than_both(company: Company, founder: User) -> None:
    line, matter = disputed(company)
    settle_fact(line.pk, Choice(None, " 1,013 "), founder)
    assert fact_of(matter) == ("1013", "founder", "known")


@pytest.mark.parametrize("value", ["", "a dozen", "1e3", "12 \x00"])
def test_a_value_that_is_not_of_its_kind_settles_nothing(company: Company, value: str) -> None:
    line, matter = disputed(company)
    with pytest.raises(ValueError, match=r"."):
        settle_fact(line.pk, Choice(None, value), None)
    with pytest.raises(NoSuchChoice):
        settle_fact(line.pk, Choice(10**12), None)
    assert fresh(matter) == WAITS


def test_the_same_decision_again_changes_nothing_and_another_one_is_told_who_was_first(
    company: Company, founder: User
) -> None:
    line, matter = disputed(company)
    chosen = Choice(entry_of(line, "founder"))
    settle_fact(line.pk, chosen, founder)
    before = matter.events.count(), line.entries.count()
    for same in (chosen, Choice(None, "12"), Choice(None, "12.0")):
        assert settle_fact(line.pk, same, None).value == "12"
    with pytest.raises(NotAllowed, match=f"already settled differently by {founder.email}: 12."):
        settle_fact(line.pk, Choice(None, "14"), None)
    assert (matter.events.count(), line.entries.count()) == before


def test_what_nobody_disputes_is_not_settled(company: Company) -> None:
    say(asked(company), "12")
    with pytest.raises(NotAllowed, match="No sources disagree"):
        settle_fact(CompanyFact.objects.get().pk, Choice(None, "12"), None)
    with pytest.raises(CompanyFact.DoesNotExist):
        settle_fact(uuid4(), Choice(None, "12"), None)


def test_every_matter_that_waits_for_it_goes_on_and_one_that_waits_for_more_does_not(company: Company) -> None:
    line, first = disputed(company)
    second, third = asked(company), asked(company, questions=2)
    for question in (second, third):
        say(question, "12")
    assert fresh(third.matter) == (MatterStatus.AWAITING_FOUNDER, WaitingFor.FOUNDER)
    settle_fact(line.pk, Choice(None, "13"), None)
    assert [fresh(m)[0] for m in (first, second.matter, third.matter)] == ["advising", "advising", "awaiting_founder"]
    assert {fact_of(m) for m in (first, second.matter, third.matter)} == {("13", "founder", "known")}


def test_the_last_answer_to_a_matter_in_dispute_makes_it_wait_for_the_conflict(company: Company) -> None:
    say(asked(company), "12")
    question = asked(company, questions=2)
    say(question, "14", "rippling")
    matter = Matter.objects.get(pk=question.matter_id)
    open_one = matter.questions.get(position=2)
    answer_question(matter.pk, open_one.pk, "Yes")
    say(matter.questions.get(position=2), "Yes")
    assert fresh(matter) == WAITS


def test_what_was_settled_is_not_disputed_anew_by_a_source_that_says_the_same_again(company: Company) -> None:
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "founder")), None)
    again = asked(company)
    say(again, "14", "rippling", record_id="r-1")
    assert fact_of(again.matter) == ("12", "founder", "known"), "the matter gets what a person decided"
    assert fresh(again.matter)[0] == MatterStatus.ADVISING
    changed = asked(company)
    say(changed, "15", "rippling")
    assert fresh(changed.matter) == WAITS, "what it says now is new"
    third = asked(company)
    say(third, "14", "rippling")
    assert fresh(third.matter) == WAITS, "who comes while it is in dispute waits with the others"
    settle_fact(line.pk, Choice(None, "15"), None)
    assert {fresh(m)[0] for m in (changed.matter, third.matter)} == {MatterStatus.ADVISING}


def test_a_source_that_agreed_with_a_settlement_may_contradict_it_later(company: Company) -> None:
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "rippling")), None)
    say(asked(company), "14")
    changed = asked(company)
    say(changed, "16")
    assert fresh(changed.matter) == WAITS, "Rippling's value, which a person chose, is still fresh"
    line.refresh_from_db()
    assert [(e.source, e.value) for e in disputed_entries(line)] == [("rippling", "14"), ("founder", "16")]


def test_what_was_settled_against_is_not_held_against_whoever_changes_their_mind_later(company: Company) -> None:
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "founder")), None)
    for value in ("13", "13"):
        later = asked(company)
        say(later, value)
        assert fact_of(later.matter) == (value, "founder", "known")


def test_a_settlement_is_forgotten_when_the_value_has_gone_stale(company: Company) -> None:
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "founder")), None)
    CompanyFact.objects.update(stale_at=F("stale_at") - timedelta(days=8))
    again = asked(company)
    say(again, "14", "rippling")
    assert fact_of(again.matter) == ("14", "rippling", "known")


def test_what_concerns_one_matter_alone_is_settled_as_well(company: Company) -> None:
    question = asked(company, About.MATTER, key="planned_date", kind="date", questions=2)
    say(question, "2026-12-01")
    say(question, "2026-12-31", "document", record_id="d-1")
    line = CompanyFact.objects.get()
    with pytest.raises(ValueError, match="year-month-day"):
        settle_fact(line.pk, Choice(None, "soon"), None)
    settle_fact(line.pk, Choice(entry_of(line, "document")), None)
    assert Fact.objects.get().value == "2026-12-31"


def test_a_matter_in_dispute_can_be_stopped_and_waits_again_when_it_is_regenerated(company: Company) -> None:
    line, matter = disputed(company)
    cancel_matter(matter.pk)
    regenerate_matter(matter.pk)
    assert fresh(matter) == WAITS
    cancel_matter(matter.pk)
    before = matter.events.count()
    settle_fact(line.pk, Choice(None, "13"), None)
    assert (fact_of(matter)[0], fresh(matter)[0]) == ("13", MatterStatus.CANCELED)
    assert matter.events.count() == before, "its stream has ended"
    regenerate_matter(matter.pk)
    assert fresh(matter) == (MatterStatus.ADVISING, None)


def test_an_advice_that_stands_is_not_touched_and_a_new_version_waits(company: Company) -> None:
    question = asked(company)
    say(question, "12")
    matter = Matter.objects.get(pk=question.matter_id)
    Step.objects.filter(matter=matter).update(state=StepState.DONE)
    rows.advised(matter, rows.begun(matter))
    say(question, "14", "document", record_id="d-1")
    assert fresh(matter) == (MatterStatus.ADVISED, None)
    regenerate_matter(matter.pk)
    assert fresh(matter) == WAITS
    settle_fact(CompanyFact.objects.get().pk, Choice(None, "14"), None)
    assert fresh(matter) == (MatterStatus.ADVISING, None)
    assert matter.steps.filter(kind="draft_advice", state=StepState.READY, version=2).count() == 1


def test_a_matter_whose_value_comes_to_be_disputed_while_it_asks_for_more_waits_as_well(company: Company) -> None:
    early = asked(company, questions=2)
    say(early, "12")
    line, later = disputed(company)
    answer_question(early.matter_id, early.matter.questions.get(position=2).pk, "Yes")
    say(early.matter.questions.get(position=2), "Yes")
    assert fact_of(early.matter) == (None, "founder", "disputed"), "it would advise what a person is asked to decide"
    assert fresh(early.matter) == WAITS
    settle_fact(line.pk, Choice(entry_of(line, "rippling")), None)
    assert {fact_of(m) for m in (early.matter, later)} == {("14", "rippling", "known")}
    assert {fresh(m)[0] for m in (early.matter, later)} == {MatterStatus.ADVISING}


def test_a_new_version_waits_for_a_dispute_of_other_matters_and_has_what_was_settled(company: Company) -> None:
    question = asked(company)
    say(question, "12")
    advised(question.matter)
    line, _ = disputed(company)
    regenerate_matter(question.matter_id)
    assert (fresh(question.matter), fact_of(question.matter)[2]) == (WAITS, "disputed")
    settle_fact(line.pk, Choice(None, "13"), None)
    assert (fresh(question.matter)[0], fact_of(question.matter)[0]) == (MatterStatus.ADVISING, "13")


def test_a_new_version_has_what_was_settled_since_the_last_one(company: Company) -> None:
    question, other = asked(company), asked(company, about=About.MATTER)
    for each in (question, other):
        say(each, "12")
        advised(each.matter)
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(None, "13"), None)
    for each in (question, other):
        regenerate_matter(each.matter_id)
        assert fresh(each.matter)[0] == MatterStatus.ADVISING
    assert fact_of(question.matter) == ("13", "founder", "known")
    told = question.matter.events.filter(type="question.updated").latest("number")
    assert (told.why, told.data["question"]) == (
        "a person has settled what two sources disagreed about",
        str(question.pk),
    )
    assert fact_of(other.matter)[0] == "12", "what concerns one matter alone was not decided"


def test_what_was_decided_against_does_not_come_back_when_the_source_decided_for_changes_its_value(
    company: Company,
) -> None:
    before, meanwhile = asked(company), asked(company, questions=2)
    for each in (before, meanwhile):
        say(each, "12")
    advised(before.matter)
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "rippling")), None)
    say(asked(company), "15", "rippling")
    regenerate_matter(before.matter_id)
    last = meanwhile.matter.questions.get(position=2)
    answer_question(meanwhile.matter_id, last.pk, "Yes")
    last.refresh_from_db()
    say(last, "Yes")
    assert [fact_of(q.matter) for q in (before, meanwhile)] == 2 * [("15", "rippling", "known")]


def test_what_was_decided_for_stays_in_its_matter_when_its_source_says_something_else_later(company: Company) -> None:
    question = asked(company)
    say(question, "12")
    advised(question.matter)
    line, _ = disputed(company)
    settle_fact(line.pk, Choice(entry_of(line, "founder")), None)
    say(asked(company), "13")
    regenerate_matter(question.matter_id)
    assert fact_of(question.matter) == ("12", "founder", "known")


def test_a_value_that_only_became_older_than_the_ledgers_stays_in_its_matter(company: Company) -> None:
    question = asked(company)
    say(question, "12", "rippling")
    advised(question.matter)
    say(asked(company), "14", "rippling")
    regenerate_matter(question.matter_id)
    assert fact_of(question.matter) == ("12", "rippling", "known")


def test_of_two_people_who_settle_at_once_one_is_told_that_it_was_settled(company: Company) -> None:
    line, matter = disputed(company)

    def settle(value: str) -> str:
        try:
            return settle_fact(line.pk, Choice(None, value), None).value
        except NotAllowed:
            return "refused"

    outcomes = at_once(lambda: settle("12"), lambda: settle("14"))
    assert "refused" in outcomes
    assert fact_of(matter)[0] in outcomes
    assert matter.steps.filter(kind="draft_advice").count() == 1


def test_a_decision_that_waited_in_a_circle_with_somebody_else_is_made_once_they_are_done(company: Company) -> None:
    line, matter = disputed(company, questions=2)
    other = matter.questions.get(position=2)
    Question.objects.filter(pk=other.pk).update(about=About.COMPANY, lifetime_days=7)
    answer_question(matter.pk, other.pk, "Yes")
    other.refresh_from_db()
    say(other, "Yes")
    moved = CompanyFact.objects.get(key=other.key)
    moved.entries.create(how="settled", value="Yes", source="founder", at=now())  # so the matter looks at it again

    def settle() -> CompanyFact:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '4s'")  # whoever waits for so long looks, and is ended
        return settle_fact(line.pk, Choice(None, "13"), None)

    with transaction.atomic():
        CompanyFact.objects.select_for_update().get(pk=moved.pk)
        settling = in_background(settle)
        wait_until(is_waited_for, "the decision waits for the other line")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")
        CompanyFact.objects.select_for_update().get(pk=line.pk)
    assert settling.result(timeout=30).value == "13"
    assert fresh(matter)[0] == MatterStatus.ADVISING


def test_no_matter_that_comes_while_somebody_settles_waits_for_ever(company: Company) -> None:
    line, first = disputed(company)
    others = [asked(company) for _ in range(4)]
    at_once(
        lambda: settle_fact(line.pk, Choice(None, "13"), None).pk,
        *[lambda q=q: say(q, "14", "rippling").pk for q in others],
    )
    line.refresh_from_db()
    if line.status == "disputed":  # one came behind the decision with a value that was not in dispute before
        settle_fact(line.pk, Choice(None, "13"), None)
    assert {fresh(m)[0] for m in (first, *(q.matter for q in others))} == {MatterStatus.ADVISING}
