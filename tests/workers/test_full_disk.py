"""A database that refuses a few writes, as with a full disk: what the model has said is not asked for again."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from pytest_django import Settings

from advice.models import AttemptStatus
from companies.models import Company, Spending
from config.prices import read_prices
from matters.ledger import NewStep, insert_steps
from matters.models import CachedReply, Matter
from matters.services import lock_matter
from matters.states import MatterStatus, StepState
from tests import rows
from tests.fakes.llm import FakeLLM
from tests.workers.conftest import Pipeline

KIND, DRAFT = "plan_search", "draft_advice"
TIMES = 2


@contextmanager
def refused(operation: str, table: str, when: str = "true") -> Iterator[None]:
    """The first `TIMES` of such operations fail with PostgreSQL's disk_full; that they did is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE SEQUENCE refusals;
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('refusals') <= {TIMES} THEN
                        RAISE 'No space left on device' USING ERRCODE = 'disk_full';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE {operation} ON {table} FOR EACH ROW WHEN ({when})
                EXECUTE FUNCTION refuse()"""
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM refusals")
            row = cursor.fetchone()
            cursor.execute("DROP FUNCTION refuse CASCADE; DROP SEQUENCE refusals")
    assert row is not None
    assert row[0] > 0, "nothing was refused"


def test_a_reply_that_cannot_be_kept_for_the_next_time_is_used_all_the_same(
    pipeline: Pipeline, matter: Matter, llm: FakeLLM
) -> None:
    with refused("INSERT", "matters_cachedreply"):
        assert pipeline.run(KIND).state == StepState.DONE
    assert llm.counts()["calls"] == 1
    assert not CachedReply.objects.exists()


def test_a_reply_whose_cost_cannot_be_written_is_used_once_it_can(
    pipeline: Pipeline, matter: Matter, company: Company, llm: FakeLLM, settings: Settings
) -> None:
    settings.LLM_PRICES = read_prices('{"fake-model": [100, "1000"]}')
    Company.objects.update(daily_budget=10)
    with refused("UPDATE", "companies_spending", "NEW.spent < OLD.spent"):
        assert pipeline.run(KIND).state == StepState.DONE
    assert llm.counts()["calls"] == 1
    assert Spending.objects.get(company=company).spent == matter.calls.get().cost


def test_an_advice_whose_end_cannot_be_stored_is_stored_once_it_can(
    pipeline: Pipeline, company: Company, llm: FakeLLM
) -> None:
    matter = rows.advising(company)
    with transaction.atomic():
        insert_steps(lock_matter(matter.pk), [NewStep(DRAFT, DRAFT)])
    with refused("UPDATE", "advice_attempt", "NEW.status = 'complete'"):
        pipeline.run(DRAFT)
    matter.refresh_from_db()
    attempt = matter.attempts.get()
    assert (matter.status, attempt.status) == (MatterStatus.ADVISED, AttemptStatus.COMPLETE)
    assert llm.counts()["calls"] == 1
