"""Who is served next, when there is more work than workers."""

import pytest
from django.db import connection

from companies.models import Company, Tier
from matters.models import Matter, Priority
from matters.services import Submission, submit_matter
from workers.claims import claim_step

pytestmark = pytest.mark.django_db


def submitted(company: Company, priority: str = Priority.INTERACTIVE) -> Matter:
    return submit_matter(company, Submission("How?", priority))[0]


def served() -> list[Matter]:
    """The matters whose first step is claimed, in that order."""
    matters = []
    while claim := claim_step("plan_search"):
        matters.append(Matter.objects.get(pk=claim.matter_id))
    return matters


def company_of(tier: Tier, slug: str) -> Company:
    return Company.objects.create(name=slug, slug=slug, tier=tier)


def test_one_company_s_hundred_matters_do_not_put_off_another_one_s_only_matter() -> None:
    busy, quiet = company_of(Tier.PRO, "busy"), company_of(Tier.PRO, "quiet")
    for _ in range(100):
        submitted(busy)
    only = submitted(quiet)
    assert served().index(only) <= 2, "the quiet company waits behind the busy one's backlog"


def test_a_higher_tier_is_served_first() -> None:
    matters = [submitted(company_of(tier, tier)) for tier in (Tier.FREE, Tier.PRO, Tier.ENTERPRISE)]
    assert served() == matters[::-1]


def test_a_free_matter_that_has_waited_long_enough_passes_a_new_enterprise_one() -> None:
    old = submitted(company_of(Tier.FREE, "free"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matters_step SET turn = turn - interval '31 seconds'")
    new = submitted(company_of(Tier.ENTERPRISE, "enterprise"))
    assert served() == [old, new], "a low tier starves"


def test_an_interactive_matter_passes_the_company_s_own_batch() -> None:
    company = company_of(Tier.PRO, "acme")
    batch = [submitted(company, Priority.BATCH) for _ in range(3)]
    interactive = submitted(company)
    assert served() == [interactive, *batch]


def test_a_company_s_matters_are_served_in_the_order_they_came_in() -> None:
    company = company_of(Tier.PRO, "acme")
    matters = [submitted(company) for _ in range(5)]
    assert served() == matters
