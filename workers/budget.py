"""A company's budget for a day (UTC): money is set aside before each call, and behind it what it cost is written.

What a worker that died had set aside stays spent, for its call may have been made. Without a budget nothing is kept:
the record of calls says what was spent, and a budget that is set in the middle of a day begins with that. Once the day
has begun so, a call for which nothing was set aside (the budget was removed meanwhile, or set while the call was under
way) is added with its record.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum

from companies.models import Spending
from matters.models import LLMCall

_CENT_OF_CENT = Decimal("0.000001")
# Only PostgreSQL's clock counts, as for everything that several processes must agree on.
_RESERVE = """
UPDATE companies_spending s SET spent = s.spent + %(cost)s
  FROM companies_company c
 WHERE c.id = %(company)s AND s.company_id = c.id AND s.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
   AND (%(sure)s OR s.spent + %(cost)s <= c.daily_budget)
RETURNING s.day
"""
# Part of the statement that records the calls `call`. It comes behind the lock of their matter (`kept`), for who has
# that may wait for this row. `unreserved`: the company for whose calls nothing was set aside, or null.
ADD_UNRESERVED = """
    UPDATE companies_spending s SET spent = s.spent + made.cost
      FROM (SELECT sum(cost) AS cost FROM call, (SELECT count(*) FROM kept) AS locked) AS made
     WHERE s.company_id = %(unreserved)s::uuid AND s.day = (statement_timestamp() AT TIME ZONE 'UTC')::date
       AND made.cost > 0
"""
_TODAY = "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date"


class OverBudget(Exception):
    """The call would cost more than is left of its company's budget for today. It was not made."""

    code = "over_budget"
    message = (
        "Your company's budget for today is used up. The work continues on its own tomorrow (UTC), or within a minute "
        "or two once the budget is raised. Nothing of yours is lost."
    )


@dataclass(frozen=True)
class Reserved:
    """Money set aside for one call. `day` None: the company has no budget."""

    company: UUID
    day: date | None
    cost: Decimal

    def settle(self, cost: Decimal) -> None:
        """The call cost so much; 0: it was not made."""
        if self.day is not None and cost != self.cost:
            rows = Spending.objects.filter(company=self.company, day=self.day)
            rows.update(spent=F("spent") + (cost - self.cost).quantize(_CENT_OF_CENT, ROUND_UP))


def reserve_money(company: UUID, budget: Decimal | None, cost: Decimal, *, sure: bool = False) -> Reserved:
    """Set `cost` (US dollars, estimated) aside for a call of `company`; nothing where its `budget` is None.

    `sure`: also where it is more than what is left. Raises OverBudget.
    """
    if budget is None:
        return Reserved(company, None, cost)
    cost = cost.quantize(_CENT_OF_CENT, ROUND_UP)
    day = _reserve(company, cost, sure)
    if day is None and _open_day(company):
        day = _reserve(company, cost, sure)
    if day is None:
        raise OverBudget(f"company {company} has less than {cost} US dollars left for today")
    return Reserved(company, day, cost)


def _reserve(company: UUID, cost: Decimal, sure: bool) -> date | None:
    """The day that the money was taken from; None: not enough is left, or the day has no row yet."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"company": company, "cost": cost, "sure": sure})
        row = cursor.fetchone()
    return row[0] if row else None


def _open_day(company: UUID) -> bool:
    """Make today's row, with what the record of calls knows already. False: it was there."""
    with connection.cursor() as cursor:
        cursor.execute(_TODAY)
        (today,) = cursor.fetchone()
    if Spending.objects.filter(company=company, day=today).exists():
        return False
    calls = LLMCall.objects.filter(matter__company=company, at__date=today)
    spent = calls.aggregate(spent=Sum("cost"))["spent"] or Decimal(0)
    Spending.objects.bulk_create([Spending(company_id=company, day=today, spent=spent)], ignore_conflicts=True)
    return True
