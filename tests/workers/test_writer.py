"""The combining writer stores every character once, whatever happens to the database or to a neighbour."""

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection, transaction

from advice.models import Attempt, AttemptStatus, Chunk
from advice.services import end_attempt, folded_text, keep_chunks_out
from companies.async_pool import database_dsn
from companies.models import Company
from tests import rows
from tests.processes import wait_until
from workers import writer as module
from workers.writer import LONGEST_REST, SHORTEST_REST, ChunkStream, ChunkWriter, StreamFenced, rest_after, storable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChunkWriter]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    writing = ChunkWriter(database_dsn())
    yield writing
    writing.close()


@pytest.fixture
def attempt(company: Company) -> Attempt:
    return rows.begun(rows.advising(company))


def opened(writer: ChunkWriter, attempt: Attempt) -> ChunkStream:
    return writer.open_stream(attempt.pk)


def chunks_of(attempt: Attempt) -> list[tuple[int, str]]:
    return list(Chunk.objects.filter(attempt=attempt).order_by("offset").values_list("offset", "text"))


def test_offsets_count_code_points(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    for text in ("a𝄞é", "😀", "end"):
        writer.put(stream, text)
        writer.flush(stream)
    assert chunks_of(attempt) == [(0, "a𝄞é"), (3, "😀"), (4, "end")]


def test_what_came_while_it_wrote_is_written_at_once(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    with transaction.atomic():
        keep_chunks_out(attempt)  # the first write waits for this
        writer.put(stream, "first ")
        wait_until(lambda: stream.writing, "the writer has taken the first piece")
        for word in ("second ", "third ", "fourth"):
            writer.put(stream, word)
    writer.flush(stream)
    assert chunks_of(attempt) == [(0, "first "), (6, "second third fourth")]


def test_what_postgresql_cannot_store_is_replaced(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    writer.put(stream, "a\x00b\ud800c\udfffd\ud83d\ude00\x00")
    writer.flush(stream)
    assert folded_text(attempt.pk) == "a\ufffdb\ufffdc\ufffdd😀\ufffd"
    assert storable("plain\x00") == "plain\ufffd"


def test_an_empty_piece_does_not_take_the_place_of_the_next(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    for text in ("", "text", "", " and more"):
        writer.put(stream, text)
        writer.flush(stream)
    assert folded_text(attempt.pk) == "text and more"


def test_one_fenced_stream_among_many_leaves_the_others_stored(writer: ChunkWriter, company: Company) -> None:
    attempts = [rows.begun(rows.advising(company)) for _ in range(6)]
    streams = [opened(writer, attempt) for attempt in attempts]
    rows.ended(attempts[2], AttemptStatus.SUPERSEDED)
    streams[5] = ChunkStream(attempts[5].pk + 1_000_000)  # as of a matter that was removed
    for word in ("one ", "two"):
        for stream in streams:
            if not stream.fenced:
                writer.put(stream, word)
    for number in (2, 5):
        with pytest.raises(StreamFenced):
            writer.flush(streams[number])
        with pytest.raises(StreamFenced):
            writer.put(streams[number], "late")
    for number in (0, 1, 3, 4):
        writer.flush(streams[number])
        assert folded_text(attempts[number].pk) == "one two"
    assert chunks_of(attempts[2]) == []
    assert Chunk.objects.filter(attempt_id=streams[5].attempt_id).count() == 0


def test_a_database_that_breaks_off_loses_and_doubles_nothing(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    pieces = [f"{n}𝄞 " for n in range(600)]
    for number, piece in enumerate(pieces):
        writer.put(stream, piece)
        if number % 100 == 50:
            wait_until(lambda: not stream.writing or stream.pending, "the writer is at work")
            terminate_the_writer()
    writer.flush(stream)
    assert folded_text(attempt.pk) == "".join(pieces)
    ends = list(itertools.accumulate(len(text) for _, text in chunks_of(attempt)))
    assert [offset for offset, _ in chunks_of(attempt)] == [0, *ends[:-1]], "chunks overlap or leave gaps"


def terminate_the_writer() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'chunk-writer' AND datname = current_database()"""
        )


def test_a_batch_whose_commit_nobody_confirmed_is_not_doubled(
    writer: ChunkWriter, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lost = writer._store, iter([True, False, True, False])

    def store_without_word(batch: list[ChunkStream], *, again: bool) -> set[int]:
        stored = store(batch, again=again)
        if next(lost, False):
            raise psycopg.OperationalError("the connection broke behind the commit")
        return stored

    monkeypatch.setattr(writer, "_store", store_without_word)
    stream = opened(writer, attempt)
    for text in ("once ", "and no more"):
        writer.put(stream, text)
        writer.flush(stream)
    assert chunks_of(attempt) == [(0, "once "), (5, "and no more")]


def test_a_batch_is_not_doubled_whose_first_try_is_still_being_committed(writer: ChunkWriter, attempt: Attempt) -> None:
    """As when a connection breaks and the server has not noticed: its session goes on committing."""
    stream = opened(writer, attempt)
    with transaction.atomic():
        Chunk.objects.create(attempt=attempt, offset=0, text="once ")
        writer.put(stream, "once ")
        wait_until(is_held_up, "the second try meets the first one")
    writer.put(stream, "and no more")
    writer.flush(stream)
    assert folded_text(attempt.pk) == "once and no more"


def is_held_up() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of the activity else
        cursor.execute(
            """SELECT 1 FROM pg_stat_activity WHERE application_name = 'chunk-writer' AND wait_event_type = 'Lock'
                  AND datname = current_database()"""
        )
        return cursor.fetchone() is not None


def test_whoever_ends_an_attempt_keeps_all_that_was_stored(writer: ChunkWriter, attempt: Attempt) -> None:
    """What a reader may have seen must be in the text that stays."""
    stream = opened(writer, attempt)
    pieces = [f"{n} " for n in range(400)]
    with pytest.raises(StreamFenced):
        write(writer, stream, pieces, lambda: rows.ended(attempt, AttemptStatus.CANCELED))
    attempt.refresh_from_db()
    assert attempt.text
    assert "".join(pieces).startswith(attempt.text)
    assert chunks_of(attempt) == [], "text was stored behind the end"


def write(writer: ChunkWriter, stream: ChunkStream, pieces: list[str], in_the_middle: Callable[[], object]) -> None:
    for number, piece in enumerate(pieces):
        writer.put(stream, piece)
        if number == len(pieces) // 2:
            wait_until(lambda: stream.offset, "some of it is stored")
            in_the_middle()
    writer.flush(stream)


@pytest.mark.parametrize("breaks_off", [False, True], ids=["at its first try", "at its second try"])
def test_text_that_waited_for_the_end_is_not_stored_behind_it(
    writer: ChunkWriter, attempt: Attempt, breaks_off: bool
) -> None:
    """The batch began while the attempt was streaming, and its turn comes when that has ended."""
    stream = opened(writer, attempt)
    writer.put(stream, "kept")
    writer.flush(stream)
    with transaction.atomic():
        end_attempt(attempt, AttemptStatus.CANCELED)
        writer.put(stream, " late")
        wait_until(is_held_up, "the batch meets the end that is not committed yet")
        if breaks_off:
            terminate_the_writer()
    with pytest.raises(StreamFenced):
        writer.flush(stream)
    assert chunks_of(attempt) == [], "no end removes this text any more"
    assert attempt.text == "kept"


def test_flush_says_when_the_database_does_not_take_the_text(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    with transaction.atomic():
        keep_chunks_out(attempt)
        writer.put(stream, "text")
        with pytest.raises(TimeoutError):
            writer.flush(stream, timeout=0.05)
    writer.flush(stream)
    assert folded_text(attempt.pk) == "text"


def test_the_writer_rests_longer_behind_batches_of_many_streams() -> None:
    assert rest_after(1, 0.004) == rest_after(4, 0.004) == SHORTEST_REST, "few streams would be late by more"
    assert rest_after(100, 0.0) == SHORTEST_REST
    assert rest_after(5, 0.004) == rest_after(100, 0.004) == 0.004
    assert rest_after(100, 7.0) == LONGEST_REST, "behind an outage nobody rests as long as it took"


def test_closing_stores_what_is_there(writer: ChunkWriter, attempt: Attempt) -> None:
    stream = opened(writer, attempt)
    for word in ("to ", "the ", "end"):
        writer.put(stream, word)
    writer.close()
    assert folded_text(attempt.pk) == "to the end"
