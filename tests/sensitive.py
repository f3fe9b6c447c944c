"""Whether anything that providers tell and nobody may keep is left anywhere in a running product."""

import io
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import docx
import psycopg
import pypdf
from psycopg import sql

from demo.providers.company import people
from demo.providers.rippling.records import workers
from tests.broker_content import broker_texts
from tests.processes import Installation

_MAIL = "mail"
_NEXT_MAIL = b"-" * 79 + b"\n"  # between those of one process, in Django's backend
_ADVICE = "/api/v1/matters/{}/advice"


def sensitive_words() -> set[str]:
    """Birth dates, social security numbers, private addresses and what else the fixture server tells of 43 people."""
    told = workers()
    numbers = {str(worker["country_fields"]["us"]["ssn"]) for worker in told}
    mail = {str(worker["personal_email"]) for worker in told}
    kinds = {"BLACK_OR_AFRICAN_AMERICAN", "TWO_OR_MORE_RACES", "HISPANIC_OR_LATINO", "NONBINARY"}
    return numbers | mail | kinds | {str(w["date_of_birth"]) for w in told} | set(people()["sensitive"]["street"])


def places_with(
    words: set[str], product: Installation, matter: str, others: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Where any of `words` is: columns of the database, keys of Redis, logs, e-mails, the matter's files.

    `others` are more places, each with its text.
    """
    lowered = [word.lower() for word in words]
    texts = (*_columns(product), *_redis(product), *_logs(product), *_mails(product), *_files(product, matter), *others)
    return sorted(place for place, text in texts if any(word in text.lower() for word in lowered))


def _columns(product: Installation) -> Iterator[tuple[str, str]]:
    with psycopg.connect(product.database_url.partition("?")[0]) as conn:
        named = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        for table, column in conn.execute(named).fetchall():
            read = sql.SQL("SELECT coalesce(string_agg({}::text, ' '), '') FROM {}")
            (text,) = conn.execute(read.format(sql.Identifier(column), sql.Identifier(table))).fetchone() or ("",)
            yield f"{table}.{column}", text


def _redis(product: Installation) -> Iterator[tuple[str, str]]:
    for key, text in broker_texts(product.env["REDIS_URL"]):
        yield f"redis {key}", text


def _logs(product: Installation) -> Iterator[tuple[str, str]]:
    for log in product.folder.glob("*.log"):
        yield log.name, log.read_text(errors="replace")


def mail_address(product_folder: Path) -> str:
    """The EMAIL_URL with which a product of that folder keeps what it sends."""
    return f"filemail:///{product_folder / _MAIL}"


def mails(product: Installation) -> Iterator[EmailMessage]:
    """What it sent; nothing where it was not started with `mail_address`."""
    for file in sorted((product.folder / _MAIL).glob("*")):
        for message in file.read_bytes().split(_NEXT_MAIL):
            if message.strip():
                yield message_from_bytes(message, policy=default)


def _mails(product: Installation) -> Iterator[tuple[str, str]]:
    for mail in mails(product):
        yield f"e-mail: {mail['Subject']}", f"{mail.items()} {mail.get_content()}"


def _files(product: Installation, matter: str) -> Iterator[tuple[str, str]]:
    def file(ending: str) -> bytes:
        return product.api.get(_ADVICE.format(matter) + ending).raise_for_status().content

    yield "advice.md", file(".md").decode()
    yield "advice.pdf", "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file(".pdf"))).pages)
    yield "advice.docx", "\n".join(p.text for p in docx.Document(io.BytesIO(file(".docx"))).paragraphs)
