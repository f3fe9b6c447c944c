"""Whose matter is served next: one moment for each matter, and the order of those moments.

A matter's turn is when it was submitted, put off by its company's tier, and by a minute for a batch. So a paying
company's matter passes a free one's, but not one that has waited longer than the difference: priority with ageing, and
no tier starves. A company's matters stand `SPACING` apart: of a thousand that come at once only the first compete with
another company's one, so tenants take turns. The steps of a matter have its turn, so what was begun is finished first.
A turn in the future delays nothing: with workers free, it is served at once.
"""

from datetime import datetime, timedelta

from django.db import connection

from companies.models import Company, Tier

SPACING = 2.0  # seconds, as all of these
PUT_OFF = {Tier.ENTERPRISE: 0.0, Tier.PRO: 10.0, Tier.FREE: 30.0}
BATCH_PUT_OFF = 60.0

# Batches line up on their own, so that they don't put off the company's interactive matters.
_TAKE = """
UPDATE companies_company
   SET last_turn = GREATEST(clock_timestamp(), last_turn + make_interval(secs => %(spacing)s))
                 + make_interval(secs => %(spacing)s * (%(count)s - 1))
 WHERE id = %(company)s RETURNING last_turn - make_interval(secs => %(spacing)s * (%(count)s - 1))
"""
_TAKE_BATCH = """
SELECT GREATEST(clock_timestamp(), max(turn) + make_interval(secs => %(spacing)s - %(put_off)s)) FROM matters_matter
 WHERE company_id = %(company)s AND priority = 'batch' AND status = 'queued'
"""


def next_turn(company: Company, priority: str) -> datetime:
    """The turn of a company's new matter; as `next_turns`."""
    return next_turns(company, priority, 1)[0]


def next_turns(company: Company, priority: str, count: int) -> list[datetime]:
    """The turns of `count` (from 1) new matters that come at once.

    Holds the company's row until the transaction ends, but not for the priority `batch`: two that come together
    may have the same turns.
    """
    is_batch = priority == "batch"
    put_off = PUT_OFF[Tier(company.tier)] + (BATCH_PUT_OFF if is_batch else 0.0)
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_BATCH if is_batch else _TAKE,
            {"company": company.pk, "spacing": SPACING, "put_off": put_off, "count": count},
        )
        row = cursor.fetchone()
    assert row is not None
    first: datetime = row[0] + timedelta(seconds=put_off)
    return [first + timedelta(seconds=SPACING) * place for place in range(count)]
