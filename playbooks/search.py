"""Which playbooks may answer a question, and the whole text of one.

Words decide first: a playbook qualifies when a query shares a word with its title or topics, or when all words of a
query stand in one section. Topics are indexed as written and queries both as written and as English stems, so that
"fires" finds the topic "fire" but "several" does not find "severance", whose stem is the same. A misspelt word of five
letters or more qualifies by its trigrams, against title and topics. The order is reciprocal rank fusion over all
queries and both ways of looking.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from playbooks.front_matter import FactNeeded
from playbooks.models import PlaybookVersion

MAX_QUERIES = 20
MAX_QUERY_CHARACTERS = 500

# Queries are built from lexemes, never from the asker's operators: plainto_tsquery knows none, and the OR is made of
# quoted lexemes. Above a likeness of 0.55 are slips ("contracter"), at 0.5 other words ("several" and "severance").
# 60 is the constant that reciprocal rank fusion was published with (Cormack, Clarke, Buettcher 2009).
_FIND_CANDIDATES = r"""
WITH variant AS (
    SELECT asked.n, asked.words, plainto_tsquery('english', asked.words) AS every_term, terms.any_term, terms.any_name
    FROM unnest(%(queries)s::text[]) WITH ORDINALITY AS asked(words, n)
    CROSS JOIN LATERAL (
        SELECT string_agg(quoted, ' | ')::tsquery AS any_term, string_agg(quoted || ':A', ' | ')::tsquery AS any_name
        FROM unnest(
            tsvector_to_array(to_tsvector('english', asked.words) || to_tsvector('simple', asked.words))
        ) AS lexeme
        CROSS JOIN LATERAL (
            SELECT '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''' AS quoted
        ) AS quoting
    ) AS terms
    WHERE terms.any_term IS NOT NULL
), worded AS (
    SELECT variant.n, section.version_id, max(ts_rank(section.search_vector, variant.any_term)) AS likeness
    FROM variant
    JOIN playbooks_section AS section ON section.search_vector @@ (variant.any_name || variant.every_term)
    GROUP BY variant.n, section.version_id
), spelt AS (
    SELECT variant.n, version.id AS version_id, sum(strict_word_similarity(word, version.names)) AS likeness
    FROM variant
    CROSS JOIN LATERAL regexp_split_to_table(lower(variant.words), '[^[:alnum:]]+') AS word
    JOIN playbooks_playbookversion AS version ON version.names %%>> word
    WHERE length(word) >= 5 AND to_tsvector('english', word) <> ''::tsvector
      AND strict_word_similarity(word, version.names) > 0.55
    GROUP BY variant.n, version.id
), placed AS (
    SELECT found.version_id, rank() OVER (PARTITION BY found.way, found.n ORDER BY found.likeness DESC) AS place
    FROM (
        SELECT 'worded' AS way, n, version_id, likeness FROM worded
        UNION ALL SELECT 'spelt', n, version_id, likeness FROM spelt
    ) AS found
    JOIN playbooks_playbookversion AS version ON version.id = found.version_id AND version.is_current
)
SELECT version.id, playbook.slug, version.title, version.law_as_of, version.jurisdictions,
       sum(1.0 / (60 + placed.place))::float8 AS score
FROM placed
JOIN playbooks_playbookversion AS version ON version.id = placed.version_id
JOIN playbooks_playbook AS playbook ON playbook.id = version.playbook_id
GROUP BY version.id, playbook.slug
ORDER BY score DESC, playbook.slug
LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Candidate:
    """A playbook that may fit. Scores compare only within one answer."""

    playbook_version_id: int
    slug: str
    title: str
    law_as_of: datetime.date
    jurisdictions: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class SectionText:
    id: int
    position: int  # from 1
    heading: str
    text: str  # Markdown


@dataclass(frozen=True)
class PlaybookText:
    """A whole version, current or not."""

    version_id: int
    slug: str
    title: str
    jurisdictions: tuple[str, ...]
    law_as_of: datetime.date
    topics: tuple[str, ...]
    facts_needed: tuple[FactNeeded, ...]
    content_hash: str
    review_state: str
    sections: tuple[SectionText, ...]


def find_candidates(queries: Sequence[str], limit: int = 8) -> list[Candidate]:
    """The best current playbooks over several wordings of one question, best first; [] when nothing fits.

    Any text is a query: operators, quotes and characters that PostgreSQL can't store mean nothing here. The first
    20 different queries count, and the first 500 characters of each.
    """
    words = list(dict.fromkeys(_clean(query) for query in queries))[:MAX_QUERIES]
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CANDIDATES, {"queries": words, "limit": max(limit, 0)})
        rows = cursor.fetchall()
    return [Candidate(pk, slug, title, day, tuple(places), score) for pk, slug, title, day, places, score in rows]


def load_playbook(playbook_version_id: int) -> PlaybookText:
    """The text of one version, retired ones too. Raises PlaybookVersion.DoesNotExist."""
    version = PlaybookVersion.objects.select_related("playbook").get(pk=playbook_version_id)
    rows = version.sections.order_by("position").values_list("id", "position", "heading", "text")
    return PlaybookText(
        version_id=version.pk,
        slug=version.playbook.slug,
        title=version.title,
        jurisdictions=tuple(version.jurisdictions),
        law_as_of=version.law_as_of,
        topics=tuple(version.topics),
        facts_needed=tuple(FactNeeded.model_validate(fact) for fact in version.facts_needed),
        content_hash=version.content_hash,
        review_state=version.review_state,
        sections=tuple(SectionText(*row) for row in rows),
    )


def _clean(query: str) -> str:
    """What PostgreSQL can take: no NUL, no lone surrogates."""
    return query[:MAX_QUERY_CHARACTERS].replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
