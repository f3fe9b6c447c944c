"""A model that a company names for its advice, and what its budget says of that."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from companies.models import Company
from matters.models import IdempotencyRecord, Matter
from tests.api.answers import fields_of, read_problem
from tests.api.conftest import MATTERS, Program
from tests.api.test_batches import BATCHES, QUESTION

pytestmark = pytest.mark.django_db
UNPRICED = QUESTION | {"model": "the-dearest"}


@pytest.fixture(autouse=True)
def _prices(settings: Settings) -> None:
    settings.LLM_MODEL, settings.LLM_ADVICE_MODEL = "small", "large"
    settings.LLM_PRICES = {"priced": (Decimal(1), Decimal(1))}


@pytest.fixture
def budget(company: Company) -> Decimal:
    """The company has one, if nothing is left of it."""
    Company.objects.filter(pk=company.pk).update(daily_budget=0)
    return Decimal(0)


def test_a_company_with_a_budget_may_not_name_a_model_without_a_price(api: Program, budget: Decimal) -> None:
    problem = read_problem(api.post(MATTERS, UNPRICED, Idempotency_Key="k"), 400)
    assert fields_of(problem) == ["model"]
    assert "Leave `model` out" in problem["detail"]
    assert not Matter.objects.exists()
    assert not IdempotencyRecord.objects.exists(), "a refused call used its key up"


@pytest.mark.parametrize("model", ["", "small", "large", "priced"])
def test_a_company_with_a_budget_may_name_what_has_a_price_and_the_operators_models(
    api: Program, budget: Decimal, model: str
) -> None:
    assert api.post(MATTERS, QUESTION | {"model": model}).status_code == 202


def test_a_company_without_a_budget_may_name_any_model(api: Program, company: Company) -> None:
    assert api.post(MATTERS, UNPRICED).status_code == 202
    assert api.post(BATCHES, {"matters": [UNPRICED]}).status_code == 202


def test_a_batch_with_a_model_without_a_price_is_refused_whole(api: Program, budget: Decimal) -> None:
    matters = [QUESTION, UNPRICED, QUESTION | {"model": "priced"}, UNPRICED]
    problem = read_problem(api.post(BATCHES, {"matters": matters}), 400)
    assert fields_of(problem) == ["matters.1.model", "matters.3.model"]
    assert not Matter.objects.exists()
