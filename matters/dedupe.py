"""`dedupe`: a matter that is the same as one which has not ended is that one."""

import hashlib
from collections.abc import Iterable, Mapping

from django.db import connection

from companies.models import Company
from matters.models import Matter
from matters.states import ENDED


def mark_of(wish: str | bool, question: str) -> str:
    """What is kept of a `dedupe`: a hash of the name, or (True) of the question's words; "" for none."""
    if not wish:
        return ""
    words = f"question {question}" if wish is True else f"name {wish}"
    return hashlib.sha256(words.encode()).hexdigest()


def earlier_matters(company: Company, marks: Iterable[str]) -> Mapping[str, Matter]:
    """The company's matters with one of `marks` that have not ended, by mark.

    Until the transaction ends nobody else of the company looks, so that of two that come at once the second finds the
    first.
    """
    wanted = {mark for mark in marks if mark}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{company.pk} dedupe"])
    found = Matter.objects.filter(company=company, dedupe__in=wanted).exclude(status__in=ENDED)
    return {matter.dedupe: matter for matter in found.order_by("-submitted_at")}  # the oldest, where there are several
