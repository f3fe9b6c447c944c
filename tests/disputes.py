"""Facts that sources give, and disputes between them, as workers store them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F

from companies.models import Company
from matters.facts.storing import NewFact, record_of, store_fact
from matters.models import CompanyFact, CompanyFactEntry, Fact, Matter, Question
from matters.questions.gathering import look_whether_gathered
from matters.services import change_question, lock_matter
from matters.states import About, QuestionStatus
from tests import rows


def asked(
    company: Company, about: str = About.COMPANY, key: str = "headcount", kind: str = "number", questions: int = 1
) -> Question:
    """A question of a matter of its own, whose answer is being read, with `questions` - 1 more that are asked."""
    matter = rows.gathering(company, questions, QuestionStatus.AWAITING_FOUNDER)
    first = matter.questions.filter(position=1)
    lifetime = 0 if about == About.MATTER else 7
    first.update(about=about, key=key, kind=kind, lifetime_days=lifetime, status=QuestionStatus.NORMALISING)
    return first.get()


def say(question: Question, value: str | None, source: str = "founder", **fields: Any) -> Fact:
    """A source says it, and the matter goes on if that was the last thing it waited for."""
    given = {"unit": None, "as_of": None, "statement": f"It is {value}."} | fields
    with transaction.atomic():
        matter = lock_matter(question.matter_id)
        fact = store_fact(matter, question, NewFact(question.key, value, source=source, **given))
        question.refresh_from_db()
        if question.status == QuestionStatus.NORMALISING:
            change_question(question, QuestionStatus.ANSWERED, "a source answered")
        look_whether_gathered(matter)
    return fact


def read_in_document(question: Question, value: str, name: str = "cap table.pdf", page: int = 3) -> Fact:
    """A person confirms what was found in a document, and it disagrees with nobody or somebody."""
    document = str(uuid4())
    found = {"document": document, "name": name, "page": page, "place": f"page {page}", "quote": value, "answer": value}
    question.answers = [{"round": 1, "answer": value, "by": None, "on": "2026-11-28", "proposal": found}]
    question.save()
    return say(question, value, "document", record_id=record_of(found))


def facts_pass(days: float) -> None:
    """So long ago were the facts of companies given; what was given is not changed, so its guard is asleep."""
    ago = timedelta(days=days)
    CompanyFact.objects.update(gathered_at=F("gathered_at") - ago, stale_at=F("stale_at") - ago)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the transaction has still to look at what was inserted
        cursor.execute("ALTER TABLE matters_companyfactentry DISABLE TRIGGER USER")
        CompanyFactEntry.objects.update(at=F("at") - ago)
        cursor.execute("ALTER TABLE matters_companyfactentry ENABLE TRIGGER USER")


def disputed(company: Company, **fields: Any) -> tuple[CompanyFact, Matter]:
    """12 by a founder in one matter, 14 by Rippling in a second one, which waits."""
    say(asked(company, **fields), "12")
    question = asked(company, **fields)
    say(question, "14", "rippling", record_id="r-1")
    return CompanyFact.objects.get(status="disputed"), Matter.objects.get(pk=question.matter_id)
