"""Whether anything that providers tell and nobody may keep is left anywhere in a running product."""

import io
from collections.abc import Iterator

import docx
import psycopg
import pypdf
import redis
from psycopg import sql

from demo.providers.company import people
from demo.providers.rippling.records import workers
from tests.processes import Installation

_ADVICE = "/api/v1/matters/{}/advice"


def sensitive_words() -> set[str]:
    """Birth dates, social security numbers, private addresses and what else the fixture server tells of 43 people."""
    told = workers()
    numbers = {str(worker["country_fields"]["us"]["ssn"]) for worker in told}
    mail = {str(worker["personal_email"]) for worker in told}
    kinds = {"BLACK_OR_AFRICAN_AMERICAN", "TWO_OR_MORE_RACES", "HISPANIC_OR_LATINO", "NONBINARY"}
    return numbers | mail | kinds | {str(w["date_of_birth"]) for w in told} | set(people()["sensitive"]["street"])


def places_with(words: set[str], product: Installation, matter: str) -> list[str]:
    """Where any of `words` is: columns of the database, keys of Redis, logs, the matter's files."""
    lowered = [word.lower() for word in words]
    texts = (*_columns(product), *_redis(product), *_logs(product), *_files(product, matter))
    return sorted(place for place, text in texts if any(word in text.lower() for word in lowered))


def _columns(product: Installation) -> Iterator[tuple[str, str]]:
    with psycopg.connect(product.database_url.partition("?")[0]) as conn:
        named = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        for table, column in conn.execute(named).fetchall():
            read = sql.SQL("SELECT coalesce(string_agg({}::text, ' '), '') FROM {}")
            (text,) = conn.execute(read.format(sql.Identifier(column), sql.Identifier(table))).fetchone() or ("",)
            yield f"{table}.{column}", text


def _redis(product: Installation) -> Iterator[tuple[str, str]]:
    with redis.Redis.from_url(product.env["REDIS_URL"]) as broker:
        for key in broker.scan_iter():
            yield f"redis {key!r}", f"{key!r} {broker.dump(key)!r}"


def _logs(product: Installation) -> Iterator[tuple[str, str]]:
    for log in product.folder.glob("*.log"):
        yield log.name, log.read_text(errors="replace")


def _files(product: Installation, matter: str) -> Iterator[tuple[str, str]]:
    def file(ending: str) -> bytes:
        return product.api.get(_ADVICE.format(matter) + ending).raise_for_status().content

    yield "advice.md", file(".md").decode()
    yield "advice.pdf", "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file(".pdf"))).pages)
    yield "advice.docx", "\n".join(p.text for p in docx.Document(io.BytesIO(file(".docx"))).paragraphs)
