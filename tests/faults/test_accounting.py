"""The accounting itself can fail: whatever is taken from the rows, doubled or changed in them, it says so."""

from collections.abc import Iterator

import pytest

from tests.faults.accounting import account_for
from tests.faults.breakable import Breakable
from tests.faults.load import Load

pytestmark = pytest.mark.xdist_group("faults: accounting")

# Each is done to a matter of its own. Foreign keys, which would refuse some, are not looked at meanwhile.
TAMPERED = {
    "was accepted and is not there": "DELETE FROM matters_matter WHERE id = '{0}'",
    "2 advice.completed of version 1": """
        WITH next AS (UPDATE matters_matter SET event_number = event_number + 1 WHERE id = '{0}' RETURNING event_number)
        INSERT INTO matters_event (matter_id, number, type, data, from_status, to_status, why, at)
        SELECT matter_id, (SELECT event_number FROM next), type, data, from_status, to_status, why, at
          FROM matters_event WHERE matter_id = '{0}' AND type = 'advice.completed'""",
    "others": "UPDATE advice_attempt SET text = overlay(text placing '!' from 700 for 1) WHERE matter_id = '{0}'",
    "another sha256": "UPDATE advice_attempt SET sha256 = repeat('0', 64) WHERE matter_id = '{0}'",
    "its events are numbered": "DELETE FROM matters_event WHERE matter_id = '{0}' AND number = 3",
    "outcomes were stored": "UPDATE matters_matter SET steps_done = steps_done + 1 WHERE id = '{0}'",
    "no answer to it is recorded": "DELETE FROM matters_llmcall WHERE matter_id = '{0}' AND kind = 'plan_search'",
    "answered 2 times": """
        INSERT INTO matters_llmcall (step_id, matter_id, kind, attempt, model, prompt_sha256, outcome, error_code,
                                     prompt_tokens, completion_tokens, cost, latency_ms, request_id, at)
        SELECT step_id, matter_id, kind, attempt, model, prompt_sha256, outcome, error_code,
               prompt_tokens, completion_tokens, cost, latency_ms, request_id, at
          FROM matters_llmcall WHERE matter_id = '{0}' AND kind = 'plan_search'""",
    "counts 5 calls": "UPDATE matters_step SET calls_seen = 5 WHERE matter_id = '{0}' AND kind = 'plan_search'",
    "and its steps ['draft_advice'] have not": """
        UPDATE matters_step SET state = 'running' WHERE matter_id = '{0}' AND kind = 'draft_advice'""",
    "waits for nobody": "UPDATE matters_matter SET status = 'gathering' WHERE id = '{0}'",
}


@pytest.fixture(scope="module")
def ended(product: Breakable) -> Iterator[Load]:
    """Matters that went well, one for each way to tamper."""
    with Load(product, len(TAMPERED)) as load:
        load.wait_until_ended(60)
        yield load
        # Workers are not to come back for ever to the step that was made to run again.
        ids = [viewer.matter for viewer in load.accepted]
        product.sql("UPDATE matters_step SET state = 'done' WHERE matter_id = ANY(%s::uuid[])", ids)


def test_it_has_nothing_to_say_where_all_went_well(product: Breakable, ended: Load) -> None:
    account = account_for(product, ended)
    account.assert_nothing_lost()
    assert account.accepted == account.ended == len(TAMPERED)
    assert account.calls == account.bound, "without a fault every call of the model has its row"


def test_it_says_whatever_was_tampered_with(product: Breakable, ended: Load) -> None:
    for viewer, statement in zip(ended.viewers, TAMPERED.values(), strict=True):
        product.sql(f"BEGIN; SET LOCAL session_replication_role = replica; {statement.format(viewer.matter)}; COMMIT")
    problems = account_for(product, ended).problems
    for viewer, words in zip(ended.viewers, TAMPERED, strict=True):
        said = [problem for problem in problems if viewer.matter in problem]
        assert any(words in problem for problem in said), f"nothing says {words!r} in {said}"


def test_it_says_whom_an_advice_came_to_changed(product: Breakable) -> None:
    with Load(product, 2) as load:
        load.wait_until_ended(60)
        kept, changed = load.viewers
        delta = next(event for event in reversed(changed.events) if event["type"] == "advice.delta")
        delta["data"]["text"] = delta["data"]["text"][:-1] + "!"
        problems = account_for(product, load).mismatched
    assert any(changed.matter in problem and "its viewer saw" in problem for problem in problems)
    assert not any(kept.matter in problem for problem in problems)


def test_it_says_who_was_never_accepted_and_what_nobody_was_told_of(product: Breakable) -> None:
    with Load(product, 1) as load:
        load.wait_until_ended(60)
        load.viewers[0].matter = ""
        account = account_for(product, load)
    assert len(account.lost) == len(account.duplicated) == 1
    with pytest.raises(AssertionError, match="was never accepted"):
        account.assert_nothing_lost()
