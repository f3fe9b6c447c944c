"""Sound answers, whole and streamed, through the real client and a real server."""

import hashlib
import json
import threading

from tests.fakes.llm import FakeLLM
from tests.workers.clients.llm.asking import LENGTH, ask, begin, read
from workers.clients.llm import LLMClient


def test_a_reply_satisfies_the_schema_and_says_what_it_cost(client: LLMClient, fake: FakeLLM) -> None:
    reply = ask(client)

    assert json.loads(reply.text) == {"relevant": True, "reason": "judge_relevance reason 1"}
    assert reply.finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.completion_tokens > 0
    assert reply.model == "fake-model"
    assert reply.request_id == "req-fake-0"
    assert 0 < reply.latency_ms < 10_000


def test_the_request_has_the_key_and_the_strict_schema(client: LLMClient, fake: FakeLLM) -> None:
    ask(client)

    (seen,) = fake.calls()
    assert (seen["key"], seen["model"], seen["name"]) == ("test-key", "fake-model", "judge_relevance")
    assert seen["request"]["response_format"]["json_schema"]["strict"] is True


def test_a_stream_gives_the_text_that_was_sent_and_then_how_it_ended(client: LLMClient, fake: FakeLLM) -> None:
    stream = begin(client)
    text = "".join(stream)

    (seen,) = fake.calls()
    assert len(text) == seen["sent"] == LENGTH
    assert hashlib.sha256(text.encode()).hexdigest() == seen["sha256"]
    assert (stream.finish_reason, stream.model, stream.request_id) == ("stop", "fake-model", "req-fake-0")
    assert stream.usage is not None
    assert stream.usage.completion_tokens == LENGTH // 4
    assert seen["request"]["stream_options"] == {"include_usage": True}


def test_a_hundred_thousand_characters_beyond_the_basic_plane_arrive_whole(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text_size=100_000, astral=True, chunk=7, interval=0)

    text, error, _ = read(client)

    assert error is None
    assert len(text) == 100_000
    assert hashlib.sha256(text.encode()).hexdigest() == fake.calls()[0]["sha256"]
    assert any(ord(character) > 0xFFFF for character in text)


def test_text_escaped_in_the_json_is_the_same_text(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text="Clef \N{MUSICAL SYMBOL G CLEF}, é, \u2028 and a tab\t.", escape=True, chunk=1)

    assert read(client)[0] == "Clef \N{MUSICAL SYMBOL G CLEF}, é, \u2028 and a tab\t."


def test_nul_and_lone_surrogates_are_passed_on_as_they_are(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text="a\0b\ud800c", escape=True, chunk=10)

    assert read(client)[0] == "a\0b\ud800c", "replacing them is the writer's work"


def test_fifty_streams_at_once_keep_their_texts_apart(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text_size=600)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(read(client)[0])) for _ in range(50)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    digests = sorted(hashlib.sha256(text.encode()).hexdigest() for text in texts)
    assert digests == sorted(call["sha256"] for call in fake.calls())
    assert fake.counts()["most_in_flight"] > 10, "the streams did not run at once, so this shows nothing"


def test_calls_one_after_another_share_a_connection(client: LLMClient, fake: FakeLLM) -> None:
    for _ in range(3):
        ask(client)

    assert len({call["client_port"] for call in fake.calls()}) == 1


def test_a_stream_that_is_not_read_to_its_end_is_ended_at_the_server(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text_size=50_000)
    with begin(client) as stream:
        next(stream)

    fake.wait_until(lambda: fake.calls()[0]["ended"] is not None)
    assert fake.calls()[0]["aborted"], "the server still streams for nobody"
