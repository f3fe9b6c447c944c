"""Which playbooks may answer a question, and the whole text of one.

Words decide first: a playbook qualifies when a query shares a word with its title or topics, or when all words of a
query stand in one section. Topics are indexed as written and queries both as written and as English stems, so that
"fires" finds the topic "fire" but "several" does not find "severance", whose stem is the same. A misspelt word of five
letters or more qualifies by its trigrams, against title and topics: above a likeness of 0.55 are slips ("contracter"),
at 0.5 other words ("several" and "severance"). The order is reciprocal rank fusion over all queries and both ways.
"""

import datetime
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from playbooks.front_matter import FactNeeded
from playbooks.models import PlaybookVersion

MAX_QUERIES = 20
MAX_QUERY_CHARACTERS = 500
SPELT_FROM = 5  # letters: of shorter words too many are alike

# `asked` is what qualifies a section and `ranked` what orders it, per query; `found` asks for all queries at once, with
# constants that the planner can estimate, and so by an index. Retired versions, of which there are ever more, are left
# out before anything is ranked. 60 is the constant that reciprocal rank fusion was published with (Cormack, Clarke,
# Buettcher 2009).
_FIND_CANDIDATES = """
WITH variant AS (
    SELECT n, to_tsquery('english', qualifying) || to_tsquery('simple', named) AS asked,
           to_tsquery('english', worded) || to_tsquery('simple', worded) AS ranked
    FROM unnest(%(qualifying)s::text[], %(named)s::text[], %(worded)s::text[])
         WITH ORDINALITY AS queries(qualifying, named, worded, n)
), found AS MATERIALIZED (
    SELECT version_id, search_vector
    FROM playbooks_section JOIN playbooks_playbookversion AS version ON version.id = version_id AND version.is_current
    WHERE search_vector @@ (to_tsquery('english', %(any_qualifying)s) || to_tsquery('simple', %(any_named)s))
), likeness AS (
    SELECT 'worded' AS way, variant.n, found.version_id, max(ts_rank(found.search_vector, variant.ranked)) AS value
    FROM variant JOIN found ON found.search_vector @@ variant.asked
    GROUP BY variant.n, found.version_id
    UNION ALL
    SELECT 'spelt', spelt.n, version.id, sum(strict_word_similarity(spelt.word, version.names))
    FROM playbooks_playbookversion AS version
    JOIN unnest(%(long_words)s::text[], %(long_words_of)s::int[]) AS spelt(word, n)
         ON strict_word_similarity(spelt.word, version.names) > 0.55
    WHERE version.is_current AND version.names %%>> ANY (%(long_words)s::text[])
      AND to_tsvector('english', spelt.word) <> ''
    GROUP BY spelt.n, version.id
), placed AS (
    SELECT version_id, rank() OVER (PARTITION BY way, n ORDER BY value DESC) AS place
    FROM likeness
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

    Any text is a query: only its letters and digits count, so that no operator, quote or odd character means anything.
    The first 20 different queries are looked at, and the first 500 characters of each.
    """
    wordings = list(dict.fromkeys(words for query in queries if (words := _split_words(query))))[:MAX_QUERIES]
    if not wordings or limit < 1:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CANDIDATES, {**_build_parameters(wordings), "limit": limit})
        rows = cursor.fetchall()
    return [Candidate(pk, slug, title, day, tuple(places), score) for pk, slug, title, day, places, score in rows]


_LOAD = """
SELECT playbook.slug, version.title, version.jurisdictions, version.law_as_of, version.topics, version.content_hash,
       version.review_state
  FROM playbooks_playbookversion AS version JOIN playbooks_playbook AS playbook ON playbook.id = version.playbook_id
 WHERE version.id = %(id)s
"""


def load_playbook(playbook_version_id: int) -> PlaybookText:
    """The text of one version, retired ones too. Raises PlaybookVersion.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, {"id": playbook_version_id})
        row = cursor.fetchone()
    if row is None:
        raise PlaybookVersion.DoesNotExist(f"There is no playbook version {playbook_version_id}.")
    slug, title, jurisdictions, law_as_of, topics, content_hash, review_state = row
    facts_needed, sections = _parts_of(playbook_version_id, content_hash)
    return PlaybookText(
        version_id=playbook_version_id,
        slug=slug,
        title=title,
        jurisdictions=tuple(jurisdictions),
        law_as_of=law_as_of,
        topics=tuple(topics),
        facts_needed=facts_needed,
        content_hash=content_hash,
        review_state=review_state,
        sections=sections,
    )


@functools.lru_cache(maxsize=64)
def _parts_of(version_id: int, _content_hash: str) -> tuple[tuple[FactNeeded, ...], tuple[SectionText, ...]]:
    """What a version is made of, which never changes: read again for every step it is a tenth of a worker's work.

    The hash is there for the cache's key alone: another database has other versions under the same ids.
    """
    version = PlaybookVersion.objects.get(pk=version_id)
    rows = version.sections.order_by("position").values_list("id", "position", "heading", "text")
    return tuple(FactNeeded.model_validate(fact) for fact in version.facts_needed), tuple(
        SectionText(*row) for row in rows
    )


def _split_words(query: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"[^\W_]+", query[:MAX_QUERY_CHARACTERS].lower())))


def _build_parameters(wordings: list[tuple[str, ...]]) -> dict[str, list[str] | list[int] | str]:
    """The words as tsquery text: any of them, any in title or topics (weight A), or all of them in one section."""
    worded = [" | ".join(f"'{word}'" for word in words) for words in wordings]
    named = [" | ".join(f"'{word}':A" for word in words) for words in wordings]
    every = [" & ".join(f"'{word}'" for word in words) for words in wordings]
    qualifying = [f"{some} | ({all_of_them})" for some, all_of_them in zip(named, every, strict=True)]
    spelt = [(word, n) for n, words in enumerate(wordings, start=1) for word in words if len(word) >= SPELT_FROM]
    return {
        "worded": worded,
        "named": named,
        "qualifying": qualifying,
        "any_named": " | ".join(named),
        "any_qualifying": " | ".join(qualifying),
        "long_words": [word for word, _ in spelt],
        "long_words_of": [n for _, n in spelt],
    }
