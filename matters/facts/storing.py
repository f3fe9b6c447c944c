"""How a fact is written: into its matter, and, where later matters may need it, into the company's ledger of facts.

`docs/contract.md` has the rules under "Facts". Called inside a transaction that holds the matter's row lock. The
ledger's line is locked behind that, never before; so whoever stores several facts at once takes them in the order of
their keys.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from companies.postgresql.rows import columns_of, fetch_one
from matters.events import question_updated, tell_events
from matters.facts.values import clean_value, same_value
from matters.models import CompanyFact, CompanyFactEntry, Fact, FactStatus, Matter, Question
from matters.states import About

How = CompanyFactEntry.How


@dataclass(frozen=True)
class NewFact:
    """A fact to be stored. `value` is canonical text, None only where `status` is redacted or missing.

    `source`: rippling, carta, document or founder; `record_id`: the source's own name for where it stands (a worker, a
    grant, a document). `subject`: "" for the company itself, `rippling:<worker id>` for a person. `as_of`: the day on
    which it was true. `also`: other ways to write just this value, such as `CA` of California; they are not stored. Not
    `is_standing`: it was computed for another day than today, so it concerns its matter alone.
    """

    key: str
    value: str | None
    unit: str | None
    as_of: date | None
    statement: str
    source: str
    status: FactStatus = FactStatus.KNOWN
    record_id: str = ""
    subject: str = ""
    also: tuple[str, ...] = ()
    is_standing: bool = True


def store_fact(
    matter: Matter, question: Question, fact: NewFact, by: int | None = None, how: str = How.GATHERED
) -> Fact:
    """Store what a source says of a locked matter's question; `by`: the user who said it, None for anything else.

    A known fact of the company, or of a person whose `subject` is given, goes into the ledger, too. One that disagrees
    with what another source said of it, and which is still fresh, makes both `disputed`: the returned fact has no
    value then, and the advice waits (`matters.questions.gathering`). What a person settled before is not disputed anew
    by a source that still says the same. A known value is never replaced by none.
    """
    fact = replace(fact, key=question.key)
    stored = _insert(matter, question, fact)
    earlier = None if stored else Fact.objects.select_related("company_fact").get(question=question)
    if fact.status != FactStatus.KNOWN:
        return stored or _fill(_given(earlier), fact)
    line = _line_of(matter, question, fact, earlier)
    said = _Said(matter, by, how)
    rival = _rival(question, fact, earlier, line)
    if rival is None:
        if line is not None and _is_waited_for(line):
            _add(line, fact, said, CompanyFact.Status.DISPUTED)
        elif line is not None:
            _take(line, question, fact, said)
        return stored or _write(_given(earlier), fact)
    if isinstance(rival, CompanyFact) and _overruled(rival, fact):
        _add(rival, fact, said, CompanyFact.Status.KNOWN)
        return _write(stored or _given(earlier), as_new(rival))
    line = line or _own_line(matter, question)
    if isinstance(rival, Fact):
        _take(line, question, as_new(rival), replace(said, by=None, how=How.GATHERED))
    _add(line, fact, said, CompanyFact.Status.DISPUTED, _first_in_dispute(rival))
    return _write(stored or _given(earlier), _in_dispute(fact), line)


def follow_ledger(matter: Matter) -> None:
    """Have the known facts of a locked matter follow their lines of the ledger, before an advice is begun with them.

    Where another source came to disagree since, the fact is disputed here, too, and the advice waits. Where a person
    has decided since for another value, the matter gets the line's, which is theirs or what their source says by now.
    A line that only has a newer value changes nothing.
    """
    for pk, key, own, settled in list(moved_lines(matter)):
        fact = matter.facts.filter(status=FactStatus.KNOWN, key=key).select_related("question").first()
        line = fetch_one(CompanyFact, _LOCK_LINE, {"id": pk})  # whoever settles it just now is waited for
        if fact is None or line is None or line.subject not in ("", fact.subject):
            continue
        if _has_rivals(line, line.kind, as_new(fact)):
            _write(fact, _in_dispute(as_new(fact)), line)
            why = "two sources have come to disagree"
        elif settled is not None and settled > own and _is_decided_against(line, settled, as_new(fact)):
            _write(fact, as_new(line))
            why = "a person has settled what two sources disagreed about"
        else:
            continue
        tell_events(matter.pk, [question_updated(fact.question, why=why)])


def moved_lines(matter: Matter) -> QuerySet[CompanyFact, tuple[UUID, str, int, int | None]]:
    """The lines of the ledger that `matter` gave a value to, and that are in dispute now, or were settled behind it.

    Of each its id, its key, the matter's last entry in it, and the last decision.
    """
    entries = CompanyFactEntry.objects.filter(fact=OuterRef("pk")).order_by("-pk").values("pk")
    lines = CompanyFact.objects.filter(
        matter=None, pk__in=CompanyFactEntry.objects.filter(matter=matter).values("fact")
    ).annotate(own=Subquery(entries.filter(matter=matter)[:1]), settled=Subquery(entries.filter(how=How.SETTLED)[:1]))
    moved = lines.filter(Q(status=CompanyFact.Status.DISPUTED) | Q(settled__gt=F("own"))).order_by("key", "pk")
    return moved.values_list("pk", "key", "own", "settled")


def _is_decided_against(line: CompanyFact, settled: int, fact: NewFact) -> bool:
    """Whether the decision was for another value than `fact`, which the line does not have by now either."""
    decided = line.entries.get(pk=settled)
    return not any(_says(line.kind, (each.value, each.unit), fact) for each in (decided, line))


def _in_dispute(fact: NewFact) -> NewFact:
    return replace(fact, value=None, unit=None, as_of=None, statement="", status=FactStatus.DISPUTED)


def _has_rivals(line: CompanyFact, kind: str, fact: NewFact) -> bool:
    """Whether a value of a line in dispute that still counts disagrees with `fact`, as values of `kind`."""
    said = [entry for entry in disputed_entries(line) if _entry_counts(line, entry)]
    return any(_disagree(kind, entry, fact) for entry in said)


def as_new(row: CompanyFact | CompanyFactEntry | Fact) -> NewFact:
    """The row's value, unit and day as they were, as a fact that is given now."""
    of = row.fact if isinstance(row, CompanyFactEntry) else row
    return NewFact(
        of.key, row.value, row.unit, row.as_of, row.statement, row.source, FactStatus.KNOWN, row.record_id, of.subject
    )


def record_of(proposal: Mapping[str, Any]) -> str:
    """The `record_id` of a fact that a person confirmed from a document: the document and its page or section."""
    return f"{proposal['document']}:{proposal['page']}"


def disputed_entries(line: CompanyFact) -> list[CompanyFactEntry]:
    """The newest entry of each source that takes part in the dispute, oldest first; none where there is no dispute."""
    if line.status != CompanyFact.Status.DISPUTED:
        return []
    return _newest_of_each(line.entries.filter(pk__gte=line.current_entry).select_related("by"))


def _newest_of_each(entries: QuerySet[CompanyFactEntry]) -> list[CompanyFactEntry]:
    """The newest entry of each source, oldest first; each document is a source of its own."""
    document = Case(When(source="document", then=F("record_id")), default=Value(""))
    newest = entries.annotate(document=document).order_by("source", "document", "-pk").distinct("source", "document")
    return sorted(newest, key=lambda entry: entry.pk)


def subject_of(matter: Matter, about: str) -> str:
    """The `subject` of a fact that a person or a document gives: the one person whom `matter` is known to concern.

    "" for the company, and where it is not known who that person is.
    """
    if about != About.PERSON:
        return ""
    worker = matter.people.get("rippling", {}).get("id")
    if worker:
        return f"rippling:{worker}"
    subjects = list(matter.facts.exclude(subject="").order_by().values_list("subject", flat=True).distinct()[:2])
    return subjects[0] if len(subjects) == 1 else ""


@dataclass(frozen=True)
class _Said:
    """For which matter a value was given, by which user, and how."""

    matter: Matter
    by: int | None
    how: str


_INSERT = """
INSERT INTO matters_fact (matter_id, question_id, key, value, unit, as_of, statement, source, status, record_id,
                          subject, created_at)
VALUES (%(matter)s, %(question)s, %(key)s, %(value)s, %(unit)s, %(as_of)s, %(statement)s, %(source)s, %(status)s,
        %(record_id)s, %(subject)s, statement_timestamp())
ON CONFLICT DO NOTHING RETURNING id, created_at
"""


def _insert(matter: Matter, question: Question, fact: NewFact) -> Fact | None:
    """The matter's fact; None where its question has one already."""
    values = _columns(fact) | {"status": str(fact.status), "subject": fact.subject, "key": fact.key}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values | {"matter": matter.pk, "question": question.pk})
        row = cursor.fetchone()
    return Fact(id=row[0], matter=matter, question=question, created_at=row[1], **values) if row else None


def _columns(fact: NewFact) -> dict[str, Any]:
    """What a matter's fact, a line of the ledger and an entry share."""
    return {
        "value": fact.value,
        "unit": fact.unit,
        "as_of": fact.as_of,
        "statement": fact.statement,
        "source": fact.source,
        "record_id": fact.record_id,
    }


def _given(earlier: Fact | None) -> Fact:
    assert earlier is not None, "a fact that could not be inserted is there"
    return earlier


def _fill(earlier: Fact, fact: NewFact) -> Fact:
    """A source that knows nothing says no more than one before."""
    return _write(earlier, fact) if earlier.status in (FactStatus.MISSING, FactStatus.REDACTED) else earlier


def _write(stored: Fact, fact: NewFact, line: CompanyFact | None = None) -> Fact:
    """Let the matter's fact say what `fact` does. `line`: where the values stand that disagree."""
    for name, value in {**_columns(fact), "status": fact.status, "subject": fact.subject}.items():
        setattr(stored, name, value)
    stored.company_fact = line or stored.company_fact
    stored.save()
    return stored


# Both are made of the model's own columns; what comes from outside is bound. A new line is empty, and is filled at
# once; one that is there is locked.
_LINE = f"""
INSERT INTO matters_companyfact AS f (id, company_id, subject, key, kind, choices, lifetime_days, status, value,
       statement, source, record_id, gathered_at, stale_at, created_at)
VALUES (%(id)s, %(company)s, %(subject)s, %(key)s, %(kind)s, '[]', 0, 'known', '', '', '', '', statement_timestamp(),
       statement_timestamp(), statement_timestamp())
ON CONFLICT (company_id, subject, key) WHERE matter_id IS NULL DO UPDATE SET key = f.key
RETURNING {columns_of(CompanyFact, "f")}
"""  # noqa: S608
_LOCK_LINE = f"SELECT {columns_of(CompanyFact, 'f')} FROM matters_companyfact f WHERE f.id = %(id)s FOR UPDATE"  # noqa: S608


def _line_of(matter: Matter, question: Question, fact: NewFact, earlier: Fact | None) -> CompanyFact | None:
    """The line of the ledger that the fact belongs to, or that holds its matter's dispute, locked; None: neither."""
    subject = "" if question.about == About.COMPANY else fact.subject
    if fact.is_standing and (question.about == About.COMPANY or (question.about == About.PERSON and subject)):
        values = {
            "id": uuid4(),
            "company": matter.company_id,
            "subject": subject,
            "key": fact.key,
            "kind": question.kind,
        }
        return fetch_one(CompanyFact, _LINE, values)
    if earlier is not None and earlier.company_fact_id is not None:
        return fetch_one(CompanyFact, _LOCK_LINE, {"id": earlier.company_fact_id})
    return None


def _own_line(matter: Matter, question: Question) -> CompanyFact:
    """A line for what two sources say of something that concerns this matter alone."""
    now = timezone.now()
    return CompanyFact.objects.create(
        company_id=matter.company_id,
        matter=matter,
        key=question.key,
        kind=question.kind,
        gathered_at=now,
        stale_at=now,
    )


def _rival(
    question: Question, fact: NewFact, earlier: Fact | None, line: CompanyFact | None
) -> CompanyFact | Fact | None:
    """Who disagrees with `fact`: the line, where a value of it that still counts does, else the matter's earlier fact.

    A line in dispute does as well where the matter itself has it in dispute.
    """
    if line is not None and line.status == CompanyFact.Status.DISPUTED:
        if earlier is not None and earlier.status == FactStatus.DISPUTED:
            return line
        if _has_rivals(line, question.kind, fact):
            return line
    elif line is not None and line.current_entry and line.kind == question.kind and counts(line):
        return line if any(_disagree(question.kind, entry, fact) for entry in _standing(line)) else None
    if earlier is not None and earlier.status == FactStatus.KNOWN and _disagree(question.kind, earlier, fact):
        return earlier
    return None


def counts(line: CompanyFact) -> bool:
    """Whether the value is not too old. In the matter that it is only of it never is."""
    return line.matter_id is not None or line.stale_at > timezone.now()


def _standing(line: CompanyFact) -> list[CompanyFactEntry]:
    """What each source said last of a known line, oldest first, as far as it still counts.

    A decision takes the place of everything before it. A value that is not of the line's kind was given for another.
    """
    decided = line.entries.filter(how=How.SETTLED).order_by("-pk").values("pk")[:1]
    said = _newest_of_each(line.entries.filter(pk__gte=Coalesce(Subquery(decided), 0)))
    return [entry for entry in said if _entry_counts(line, entry) and _is_of_kind(line, entry)]


def _is_of_kind(line: CompanyFact, entry: CompanyFactEntry) -> bool:
    try:
        clean_value(line.kind, entry.value, entry.unit, line.choices)
    except ValueError:
        return False
    return True


def _first_in_dispute(rival: CompanyFact | Fact) -> int | None:
    """The first entry of a dispute that begins now; None where one goes on, or the line has just begun."""
    if isinstance(rival, CompanyFact) and rival.status == CompanyFact.Status.KNOWN:
        return min(entry.pk for entry in _standing(rival))
    return None


def _entry_counts(line: CompanyFact, entry: CompanyFactEntry) -> bool:
    """As `counts`, of one value that was given for the line."""
    return line.matter_id is not None or entry.at + timedelta(days=line.lifetime_days) > timezone.now()


def _is_waited_for(line: CompanyFact) -> bool:
    """Whether a matter still has the line in dispute, which a person is to settle, however old it is."""
    disputed = line.status == CompanyFact.Status.DISPUTED
    return disputed and Fact.objects.filter(company_fact=line, status=FactStatus.DISPUTED).exists()


def _disagree(kind: str, one: CompanyFact | CompanyFactEntry | Fact, other: NewFact) -> bool:
    """Two sources, two values. What a source says later than before is a change. Each document is a source."""
    is_document = other.source == "document"
    if one.source == other.source and not (is_document and one.record_id != other.record_id):
        return False
    return not _says(kind, (one.value, one.unit), other)


def _says(kind: str, given: tuple[str | None, str | None], fact: NewFact) -> bool:
    """Whether `given`, a value with its unit, is that of the fact, in any of the ways to write it."""
    value, unit = given
    return any(same_value(kind, (value or "", unit), (way, fact.unit)) for way in (fact.value or "", *fact.also))


def _overruled(line: CompanyFact, fact: NewFact) -> bool:
    """Whether a person has settled the line against just this value of this source."""
    if line.settlement is None or line.status == CompanyFact.Status.DISPUTED:
        return False
    heard = line.entries.filter(pk__lt=line.settlement, source=fact.source)
    if fact.source == "document":
        heard = heard.filter(record_id=fact.record_id)
    last = heard.order_by("-pk").first()
    return last is not None and _says(line.kind, (last.value, last.unit), fact)


# Made of words in this file; values are bound.
_ENTRY = """
WITH said AS (
    INSERT INTO matters_companyfactentry (fact_id, how, value, unit, as_of, statement, source, record_id, matter_id,
                                          by_id, at)
    VALUES (%(line)s, %(how)s, %(value)s, %(unit)s, %(as_of)s, %(statement)s, %(source)s, %(record_id)s, %(matter)s,
            (SELECT id FROM companies_user WHERE id = %(by)s), statement_timestamp())
    RETURNING id, at
)
"""
_TAKE = f"""{_ENTRY}
UPDATE matters_companyfact f
   SET status = 'known', kind = %(kind)s, choices = %(choices)s::jsonb, lifetime_days = %(days)s, value = %(value)s,
       unit = %(unit)s, as_of = %(as_of)s, statement = %(statement)s, source = %(source)s, record_id = %(record_id)s,
       current_entry = said.id, settlement = %(settlement)s, gathered_at = said.at,
       stale_at = said.at + make_interval(days => %(days)s)
  FROM said WHERE f.id = %(line)s
"""  # noqa: S608 - of words in this file, as all of these
_ADD = f"""{_ENTRY}
UPDATE matters_companyfact f SET status = %(status)s, current_entry = COALESCE(%(first)s, current_entry)
  FROM said WHERE f.id = %(line)s
"""  # noqa: S608 - likewise


def _take(line: CompanyFact, question: Question, fact: NewFact, said: _Said) -> None:
    """The line has this value from now on. What was settled stays so while the value does."""
    same = _says(line.kind, (line.value, line.unit), fact)
    more = {
        "kind": question.kind,
        "choices": json.dumps(question.choices),
        "days": question.lifetime_days,
        "settlement": line.settlement if same else None,
    }
    _say(_TAKE, line, fact, said, more)


def _add(line: CompanyFact, fact: NewFact, said: _Said, status: str, first: int | None = None) -> None:
    """The value stands beside that of the line. `first`: the entry with which a dispute begins."""
    _say(_ADD, line, fact, said, {"status": str(status), "first": first})


def _say(statement: str, line: CompanyFact, fact: NewFact, said: _Said, more: dict[str, Any]) -> None:
    who = {"line": line.pk, "matter": said.matter.pk, "by": said.by, "how": str(said.how)}
    with connection.cursor() as cursor:
        cursor.execute(statement, _columns(fact) | who | more)
