"""Reading a random history by random pages, cursors and restarts gives the same as reading it at once."""

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from advice import stream
from advice.cursor import START, BadCursorError, Cursor
from advice.models import Attempt, AttemptStatus
from advice.one_event import one_event
from advice.stream import MatterGoneError, Page, heads_of, read_page, snapshot
from companies.models import Company
from matters.models import Matter
from matters.states import MatterStatus
from tests import rows
from tests.advice.conftest import Loop
from tests.advice.reader import Reader
from tests.fuzzing import examples, is_long

TEXTS = st.text(st.sampled_from("ab é𝄞😀\n"), min_size=1, max_size=9)
ENDS = st.sampled_from([s for s in AttemptStatus if s != AttemptStatus.STREAMING])
WRITE = st.tuples(st.just("text"), TEXTS)
READ = st.tuples(st.just("read"), st.integers(0, 2), st.integers(1, 4), st.integers(1, 3))  # reader, limit, pages
ACTS = st.one_of(
    WRITE,
    READ,
    WRITE,  # these two more often than the rest
    READ,
    st.tuples(st.just("begin")),
    st.tuples(st.just("end"), ENDS),
    st.tuples(st.just("event")),
    st.tuples(st.just("version")),
)


class History:
    """A matter to which things happen, and readers that look at it now and then."""

    def __init__(self, company: Company, loop: Loop) -> None:
        self.matter = rows.advising(company)
        self.attempt: Attempt | None = None
        self.readers = [Reader(), Reader(), Reader()]
        self._loop = loop

    def act(self, name: str, *arguments: Any) -> None:
        getattr(self, f"_{name}")(*arguments)

    def _text(self, text: str) -> None:
        if self.attempt:
            rows.append(self.attempt, text)

    def _begin(self) -> None:
        self.attempt = rows.begun(self.matter)

    def _end(self, status: AttemptStatus) -> None:
        if self.attempt:
            rows.ended(self.attempt, status)
            self.attempt = None

    def _event(self) -> None:
        rows.happened(self.matter)

    def _version(self) -> None:
        self._end(AttemptStatus.COMPLETE)
        self.matter.version += 1
        self.matter.save(update_fields=["version"])

    def _read(self, number: int, limit: int, pages: int) -> None:
        for _ in range(pages):
            self.read(self.readers[number], limit)

    def read(self, reader: Reader, limit: int) -> Page:
        page = self._loop.run(read_page(self.matter.pk, reader.cursor, limit=limit))
        reader.take(page.items)
        assert page.cursor == reader.cursor
        return page

    def read_to_the_end(self, reader: Reader, limit: int = stream.PAGE_LIMIT) -> Page:
        while (page := self.read(reader, limit)).more:
            assert not page.done, "it says that it is done and that there is more"
        return page


@given(acts=st.lists(ACTS, max_size=30), limit=st.integers(1, 4))
@example(acts=[("begin",), ("text", "abcdefghi"), ("begin",), ("text", "b")], limit=1)
@example(acts=[("begin",), ("text", "abc"), ("read", 0, 4, 1), ("text", "def"), ("begin",), ("text", "x")], limit=4)
@settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=not is_long(),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_way_to_read_gives_the_same(
    acts: list[tuple[Any, ...]], limit: int, company: Company, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "DELTA_LIMIT", 3)
    monkeypatch.setattr(stream, "TEXT_LIMIT", 7)
    history = History(company, loop)
    for act in acts:
        history.act(*act)
    history.act("end", AttemptStatus.INCOMPLETE)
    at_once = Reader()
    for reader in [*history.readers, at_once]:
        assert not history.read_to_the_end(reader, limit).done, "done, though the matter is not ended"
    rows.move(history.matter, MatterStatus.CANCELED)
    for reader in [*history.readers, at_once]:
        assert history.read_to_the_end(reader, limit).done
        reader.check_against(history.matter)
        assert reader.ids_of_the_advice() == at_once.ids_of_the_advice(), "an event's id depends on who reads it"
    for attempt in history.matter.attempts.filter(status__in=("superseded", "failed")):
        assert at_once.texts[attempt.version, attempt.number] == "", "text that was given up is shown to a newcomer"


@pytest.fixture
def history(company: Company, loop: Loop) -> History:
    return History(company, loop)


def test_a_reader_in_the_middle_of_a_superseded_attempt_gets_its_rest(history: History) -> None:
    early, late = Reader(), Reader()
    history.act("begin")
    history.act("text", "half and ")
    history.read_to_the_end(early)
    history.act("text", "half")
    history.act("begin")
    for reader in (early, late):
        history.read_to_the_end(reader)
    assert early.ids_of_the_advice() == late.ids_of_the_advice(), "an event's id depends on who reads it"
    by_webhook = [str(one_event(e.pk).cursor) for e in history.matter.events.filter(type__startswith="advice.")]
    assert sorted(by_webhook) == sorted(late.ids_of_the_advice()), "a webhook names an event otherwise than the stream"
    assert (early.texts[1, 1], late.texts[1, 1]) == ("half and half", "")
    assert [e["type"] for e in late.events[-3:]] == ["advice.started", "advice.superseded", "advice.started"]


def test_done_comes_with_the_last_event_and_goes_with_a_new_version(history: History) -> None:
    reader = Reader()
    history.act("begin")
    history.act("text", "advice")
    assert history.attempt is not None
    rows.advised(history.matter, history.attempt)
    assert not history.read(reader, 3).done
    assert history.read_to_the_end(reader).done
    number = reader.cursor.number
    assert history.read(Reader(dataclasses.replace(reader.cursor, number=number - 1)), 1).done, "the page is just full"
    assert [e["type"] for e in reader.events[-2:]] == ["advice.completed", "matter.updated"]
    rows.move(history.matter, MatterStatus.ADVISING)
    assert not history.read_to_the_end(reader).done


def test_a_cursor_survives_being_written_down(history: History) -> None:
    history.act("begin")
    history.act("text", "text")
    page = history.read_to_the_end(Reader())
    assert Cursor.parse(str(page.cursor)) == page.cursor
    assert Cursor.parse("") == Cursor.parse(None) == START


@given(number=st.integers(0, 10**18 - 1), rest=st.tuples(*[st.integers(0, 10**9 - 1)] * 3), upto=st.booleans())
@example(number=0, rest=(1, 1, 3), upto=True)
@example(number=3, rest=(1, 1, 999_999_999), upto=False)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_forged_cursor_raises_nothing(
    number: int, rest: tuple[int, int, int], upto: bool, history: History, loop: Loop
) -> None:
    if history.attempt is None:
        history.act("begin")
        history.act("text", "some text 𝄞")
    forged = Cursor.parse(str(Cursor(number, *rest)))
    page = loop.run(read_page(history.matter.pk, forged, upto=forged if upto else None))
    assert not page.more


@pytest.mark.parametrize(
    "text", ["x", "1.2.3", "1.2.3.4.5", "-1.0.0.0", "1.0.0.٣", "1.0.0.0\n", "9" * 19 + ".0.0.0", "0.0.0." + "9" * 10]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        Cursor.parse(text)


def test_a_matter_that_is_gone_says_so(matter: Matter, loop: Loop) -> None:
    pk = matter.pk
    matter.delete()
    with pytest.raises(MatterGoneError):
        loop.run(read_page(pk, START))
    with pytest.raises(MatterGoneError):
        snapshot(pk)
    assert loop.run(heads_of([pk])) == {}


def test_the_head_is_where_reading_everything_ends(history: History, loop: Loop) -> None:
    for act in (("begin",), ("text", "one "), ("event",), ("text", "two 𝄞"), ("end", AttemptStatus.COMPLETE)):
        history.act(*act)
        reached = history.read_to_the_end(Reader()).cursor
        assert loop.run(heads_of([history.matter.pk])) == {history.matter.pk: (reached, False)}
        assert snapshot(history.matter.pk).cursor == str(reached)


def test_a_snapshot_never_shows_half_a_text_as_the_whole(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt may end between the look at its text and the look at its row."""
    history.act("begin")
    history.act("text", "half ")
    find = Attempt.objects.filter

    def end_first(**where: Any) -> Any:
        monkeypatch.setattr(Attempt.objects, "filter", find)
        history.act("text", "and half")
        history.act("end", AttemptStatus.COMPLETE)
        return find(**where)

    monkeypatch.setattr(Attempt.objects, "filter", end_first)
    shown = snapshot(history.matter.pk)
    assert shown.attempt is not None
    assert shown.attempt.status == AttemptStatus.STREAMING or shown.text == "half and half"


def test_the_rest_behind_a_snapshot_completes_its_text(history: History) -> None:
    history.act("begin")
    history.act("text", "shown by the page, ")
    shown = snapshot(history.matter.pk)
    history.act("text", "the rest by the stream")
    reader = Reader(Cursor.parse(shown.cursor))
    reader.texts[1, 1], reader._open = shown.text, (1, 1)
    history.read_to_the_end(reader)
    assert reader.texts[1, 1] == "shown by the page, the rest by the stream"
    assert dataclasses.asdict(reader.cursor)["offset"] == len(reader.texts[1, 1])
