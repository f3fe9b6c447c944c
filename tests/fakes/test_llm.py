"""The fake model is only worth as much as it is like a real one: valid answers, the faults it was told, light."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.fakes.llm import FakeLLM
from tests.workers.steps import samples
from workers.clients.llm import Call, LLMClient, LLMError
from workers.steps import (
    ask_founder,
    derive_questions,
    judge_relevance,
    normalise_answer,
    plan_search,
    route_question,
)
from workers.steps.base import LLMRequest, parse_reply

REQUESTS: dict[str, LLMRequest[Any]] = {
    "plan_search": plan_search.build_request(samples.PLAN),
    "judge_relevance": judge_relevance.build_request(samples.JUDGE),
    "derive_questions": derive_questions.build_request(samples.DERIVE),
    "route_question": route_question.build_request(samples.ROUTE),
    "ask_founder": ask_founder.build_request(samples.ASK),
}
ANSWERS: list[tuple[str, str, tuple[str, ...], Any]] = [
    ("text", "She is on the <board>, since June.", (), "She is on the <board>, since June."),
    ("yes_no", "No, never.", (), "no"),
    ("yes_no", "Yes.", (), "yes"),
    ("date", "It was 2024-05-06.", (), "2024-05-06"),
    ("number", "about 1,250 of them", (), 1250),
    ("money", "EUR 180,000.50 per year", (), {"amount": 180000.5, "currency": "EUR"}),
    ("money", "260000", (), {"amount": 260000, "currency": "USD"}),
    ("choice", "a contractor, I think", ("employee", "contractor"), "contractor"),
]


@pytest.fixture(scope="module")
def process() -> Iterator[FakeLLM]:
    with FakeLLM() as fake:
        yield fake


@pytest.fixture
def fake(process: FakeLLM) -> FakeLLM:
    process.reset()
    return process


@pytest.fixture(scope="module")
def client(process: FakeLLM) -> Iterator[LLMClient]:
    client = LLMClient(process.base_url, "k", connections=200)
    yield client
    client.close()


def ask(client: LLMClient, request: LLMRequest[Any]) -> Any:
    reply = client.complete(
        request.messages, model="m", schema_name=request.schema_name, schema=request.schema, call=Call()
    )
    jsonschema.validate(json.loads(reply.text), request.schema)
    return parse_reply(request, reply.text)


@pytest.mark.parametrize("step", REQUESTS)
def test_every_steps_reply_satisfies_its_schema_the_same_each_time(client: LLMClient, fake: FakeLLM, step: str) -> None:
    assert ask(client, REQUESTS[step]) == ask(client, REQUESTS[step])


@pytest.mark.parametrize(("kind", "answer", "choices", "value"), ANSWERS)
def test_a_founders_answer_comes_back_as_the_value(
    client: LLMClient, fake: FakeLLM, kind: str, answer: str, choices: tuple[str, ...], value: Any
) -> None:
    reply = ask(client, normalise_answer.build_request(samples.answered(kind, answer, choices)))

    assert reply.readable
    assert reply.problem is None
    assert reply.model_dump()["value"] == value


def test_the_way_through_the_pipeline_needs_only_the_founder(client: LLMClient, fake: FakeLLM) -> None:
    assert ask(client, REQUESTS["judge_relevance"]).relevant
    assert ask(client, REQUESTS["route_question"]).source == "founder"
    questions = ask(client, REQUESTS["derive_questions"]).questions
    assert {question.kind for question in questions} == {"text"}
    assert len({question.text for question in questions}) == len({question.key for question in questions}) == 12
    assert samples.QUESTION[:40] in ask(client, REQUESTS["plan_search"]).queries[0]


def test_the_number_of_questions_and_single_fields_can_be_set(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(questions=9, replies={"judge_relevance": {"relevant": False, "score": 3}})

    assert len(ask(client, REQUESTS["derive_questions"]).questions) == 9
    assert ask(client, REQUESTS["judge_relevance"]).relevant is False


def test_a_setting_that_does_not_exist_is_refused(fake: FakeLLM) -> None:
    with pytest.raises(ValueError, match="no_such_setting"):
        fake.set(no_such_setting=1)
    with pytest.raises(ValueError, match="unknown kind 'explode'"):
        fake.fail_next("explode")


def test_faults_go_to_the_calls_they_are_for(client: LLMClient, fake: FakeLLM) -> None:
    fake.fail_next("server_error", times=2, schema="plan_search")

    assert ask(client, REQUESTS["judge_relevance"])
    for _ in range(2):
        with pytest.raises(LLMError):
            ask(client, REQUESTS["plan_search"])
    assert ask(client, REQUESTS["plan_search"])
    assert [call["fault"] for call in fake.calls()] == [None, "server_error", "server_error", None]


def test_a_standing_fault_stays_until_it_is_taken_back(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(always={"kind": "unauthorised"})
    for _ in range(2):
        with pytest.raises(LLMError):
            ask(client, REQUESTS["plan_search"])

    fake.set(always=None)

    assert ask(client, REQUESTS["plan_search"])


def test_random_faults_are_the_same_for_the_same_seed(client: LLMClient, fake: FakeLLM) -> None:
    def faults(seed: int) -> list[str | None]:
        fake.reset()
        fake.set(random_faults=[{"kind": "rate_limit"}, {"kind": "server_error"}], probability=0.4, seed=seed)
        for _ in range(30):
            try:
                ask(client, REQUESTS["plan_search"])
            except LLMError:
                continue
        return [call["fault"] for call in fake.calls()]

    first = faults(7)

    assert first == faults(7)
    assert set(first) == {None, "rate_limit", "server_error"}


def test_no_two_streams_have_the_same_text(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(interval=0)

    texts = ["".join(client.stream([{"role": "user", "content": "a"}], model="m", call=Call())) for _ in range(2)]

    assert texts[0] != texts[1]
    assert "[P1]" in texts[0]
    assert "[F1]" in texts[0]


def test_a_restart_keeps_the_port_and_forgets_the_rest(client: LLMClient) -> None:
    with FakeLLM() as fake:
        port = fake.port
        fake.set(questions=8)
        fake.stop()
        fake.start()

        assert fake.port == port
        assert fake.calls() == []


def test_it_ends_when_its_parent_lets_go(fake: FakeLLM) -> None:
    other = FakeLLM()
    other.start()
    process = other._process
    assert process is not None
    assert process.stdin is not None

    process.stdin.close()

    assert process.wait(timeout=10) == 0, "a test run that was killed leaves its fake model behind"
    assert process.stdout is not None
    process.stdout.close()


def test_it_streams_to_two_hundred_at_once_without_falling_behind(client: LLMClient, fake: FakeLLM) -> None:
    fake.set(text_size=480, chunk=12, interval=0.05)  # 40 chunks, at least 2 seconds
    digests: list[str] = []
    message = [{"role": "user", "content": "a"}]

    def read() -> None:
        text = "".join(client.stream(message, model="m", call=Call()))
        digests.append(hashlib.sha256(text.encode()).hexdigest())

    threads = [threading.Thread(target=read) for _ in range(200)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(digests) == sorted(call["sha256"] for call in fake.calls())
    assert fake.counts()["most_in_flight"] > 100
    assert time.monotonic() - began < 30
