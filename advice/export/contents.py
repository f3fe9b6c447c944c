"""What the file of an attempt shows: question, advice, sources, facts, date, notice, and how the attempt ended."""

from typing import Any

from django.db import connection
from django.utils.text import Truncator

from advice.export.blocks import markdown_as_blocks, shown, words_as_blocks
from advice.export.document import Document, Fact, Source
from advice.markup import cited_and_others, verdicts_of
from advice.models import Attempt, AttemptStatus
from advice.notice import notice_beside
from advice.review.badge import REVIEWED, STALE, Standing, standing_of
from matters.templatetags.facts import day, readable, repeats

TITLE_LENGTH = 100  # characters of the question

_NOT_WHOLE = {
    AttemptStatus.INCOMPLETE: "Incomplete. {} The text below is not the whole advice.",
    AttemptStatus.CANCELED: "Stopped. {} The text below is not the whole advice, but what had been written by then.",
    AttemptStatus.SUPERSEDED: "Interrupted. {} The text below is not the whole advice, and was abandoned.",
    AttemptStatus.FAILED: "Interrupted. {} The text below is not the whole advice, and was abandoned.",
}


def document_of(attempt: Attempt) -> Document:
    """The document of an attempt that has ended. Gives the database connection back: what comes next takes long."""
    checks = list(attempt.checks.all())
    question, standing = attempt.matter.question, standing_of(attempt)
    if not connection.in_atomic_block:
        connection.close()
    cited, others = cited_and_others(attempt.sources, attempt.text)
    return Document(
        title="Advice: " + shown(Truncator(" ".join(question.split())).chars(TITLE_LENGTH)),
        question=words_as_blocks(question),
        about=[*_about(attempt), *_review(standing)],
        warning=" ".join(shown(_NOT_WHOLE.get(AttemptStatus(attempt.status), "").format(attempt.reason)).split()),
        notice=shown(notice_beside(attempt, standing)),
        advice=markdown_as_blocks(attempt.text, checks),
        legend=", ".join(f"{sign} {count} {words}" for _, sign, words, count in verdicts_of(checks)),
        cited=[_source(source) for source in cited],
        others=[_source(source) for source in others],
        facts=[_fact(fact) for fact in attempt.facts],
        created=int(attempt.created_at.timestamp()),
    )


def _about(attempt: Attempt) -> list[str]:
    at = attempt.created_at
    return [
        f"Written on {at.day} {at:%B %Y, %H:%M} UTC by the model {shown(attempt.model)}",
        f"Version {attempt.version}, attempt {attempt.number}: {attempt.status}",
        f"Matter {attempt.matter_id}",
        f"SHA-256 of the Markdown text: {attempt.sha256}",
    ]


def _review(standing: Standing) -> list[str]:
    """Who reviewed it, and that it does not hold any more where that is so."""
    if standing.reviewed_at is None or standing.state not in (REVIEWED, STALE):
        return ["Draft: not reviewed"]
    at, who = standing.reviewed_at, shown(standing.reviewed_by)
    line = f"Reviewed by {who} on {at.day} {at:%B %Y, %H:%M} UTC, badge {standing.sha256}"
    return [f"{line}. Stale: {' '.join(map(shown, standing.reasons))}" if standing.state == STALE else line]


def _source(source: dict[str, Any]) -> Source:
    law_as_of = day(source.get("law_as_of") or "unknown")
    about = f"{source.get('title') or source.get('playbook') or ''}, law as of {law_as_of}"
    return Source(
        marker=source["marker"],
        heading=shown(source.get("heading") or ""),
        about=shown(about),
        blocks=markdown_as_blocks(source.get("text") or "", top=3),
    )


def _fact(fact: dict[str, Any]) -> Fact:
    value = " ".join(str(part) for part in (readable(fact.get("value")), fact.get("unit")) if part)
    source, statement = fact.get("source") or "", fact.get("statement") or ""
    if statement and source != "founder" and not repeats(statement, fact.get("value")):
        value = f"{value}. {statement}" if value else statement
    return Fact(
        marker=fact["marker"],
        label=shown(fact.get("label") or ""),
        value=shown(value) or "Not known",
        as_of=shown(day(fact.get("as_of") or "")),
        source="the company's words, not verified" if fact.get("status") == "unverified" else shown(source),
    )
