"""The breakers that are open: who hears of them, and when they are forgotten."""

import logging
from datetime import timedelta

import pytest
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from pytest_django import Settings

from companies.models import Company
from matters.breakers import FORGOTTEN_AFTER, close_breakers, forget_breakers, keys_of, open_breakers
from matters.going_on import retry_matter
from matters.models import Breaker, Matter
from matters.states import WaitingFor
from tests import rows

pytestmark = pytest.mark.django_db
LONG_AGO = Now() - FORGOTTEN_AFTER - timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _models(settings: Settings) -> None:
    settings.LLM_MODEL, settings.LLM_ADVICE_MODEL = "small", "large"


def opened(*keys: str, probe_at: Combinable = LONG_AGO) -> None:
    for key in keys:
        Breaker.objects.create(key=key, code="unknown_model", probe_at=probe_at)


def test_models_that_companies_named_are_counted_together() -> None:
    opened("llm", "llm:large", "llm:gpt-6", "llm:Our CTO resigned")
    assert open_breakers() == {"llm": 1, "llm:large": 1, "llm:small": 0, "other": 2}


def test_a_breaker_that_nobody_comes_to_probe_is_forgotten() -> None:
    opened("llm:gpt-6")
    opened("llm:gpt-7", probe_at=Now() - FORGOTTEN_AFTER + timedelta(minutes=1))
    assert forget_breakers() == 1
    assert Breaker.objects.get().key == "llm:gpt-7", "the breaker of a model that is waited for is forgotten"


def test_a_breaker_that_concerns_everybody_is_not_forgotten() -> None:
    """As far as anybody knows the key is still refused."""
    opened("llm", "llm:small", "llm:large")
    assert forget_breakers() == 0


def test_a_persons_retry_keeps_no_breaker_from_being_forgotten(company: Company) -> None:
    opened("llm:gpt-6")
    matter = rows.submitted(company)
    Matter.objects.filter(pk=matter.pk).update(waiting_for=WaitingFor.PROVIDER)
    retry_matter(matter.pk)
    assert forget_breakers() == 1


def test_the_log_has_no_name_that_a_company_gave(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        close_breakers(keys_of("Our CTO resigned"))
    assert "the breakers llm, other are closed" in caplog.text
