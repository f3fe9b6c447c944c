"""Reading a reply: one exception for whatever is wrong with it, in words that a model can act on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.steps import samples
from workers.steps import judge_relevance, normalise_answer, plan_search
from workers.steps.base import ReplyInvalid, parse_reply, repair_messages

REQUEST = plan_search.build_request(samples.PLAN)
NUMBER = normalise_answer.build_request(samples.answered("number", "12"))


def _queries(*queries: str) -> str:
    return json.dumps({"queries": queries})


@pytest.mark.parametrize(
    "text",
    [
        "", "no", "null", "[]", "{}", '{"queries": null}', '{"queries": ["a", "b"]}', '{"queries": ["a", "b", ""]}',
        '{"queries": ["a", "b", 3]}', '{"queries": ["a", "b", "c"], "more": 1}', "[" * 100_000, '{"a":' * 100_000,
        '{"queries": ' + "9" * 6_000 + "}", '{"queries": ["a", "b", "' + "c" * 201 + '"]}', '"\ud800"', "\0",
    ],
)  # fmt: skip
def test_what_does_not_satisfy_the_schema_is_reply_invalid(text: str) -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(REQUEST, text)
    assert 5 < len(str(caught.value)) < 3_500, "the message must fit into the repair attempt"


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(ReplyInvalid):
        parse_reply(REQUEST, text)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "1" * 5_000, "1e13", '"12"x', "{}"])
def test_a_number_that_is_none_or_too_large_is_reply_invalid(number: str) -> None:
    reply = '{"problem": null, "readable": true, "unit": null, "as_of": null, "statement": "s", "value": %s}'
    with pytest.raises(ReplyInvalid):
        parse_reply(NUMBER, reply % number)


JSON = _queries("a", "b", "```json in a string```")
WRAPPED = {
    "as it is": JSON,
    "in a fence": f"```json\n{JSON}\n```",
    "in a fence without a word": f"\n```\n{JSON}\n```\n",
    "in a fence on one line": f"```JSON {JSON}```",
    "behind thoughts": f"<think>\nA list: {{}}\n</think>\n\n{JSON}",
    "behind empty thoughts": f"<think></think>{JSON}",
    "behind thoughts in a fence": f"<think>Well.</think>\n```json\n{JSON}\n```",
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED)
def test_json_is_read_out_of_one_fence_and_from_behind_one_block_of_thoughts(text: str) -> None:
    assert parse_reply(REQUEST, text).queries == ["a", "b", "```json in a string```"]


@pytest.mark.parametrize(
    "text",
    [
        f"Here it is:\n```json\n{JSON}\n```",
        f"```json\n{JSON}\n```\nI hope this helps.",
        f"```json\n{JSON}\n```\n```json\n{JSON}\n```",
        f"```python\n{JSON}\n```",
        f"```json\n{JSON}",
        f"<think>a</think><think>b</think>{JSON}",
        f"<think>{JSON}",
        f"{JSON}<think>a</think>",
        "```" * 100_000,
        "<think>" * 100_000,
    ],
    ids=range(10),
)
def test_nothing_else_around_the_json_is_taken_away(text: str) -> None:
    with pytest.raises(ReplyInvalid):
        parse_reply(REQUEST, text)


def test_a_value_that_looks_wrapped_stays_as_it_is() -> None:
    queries = ["<think>a</think>b", "```json\nc\n```", "d"]
    assert parse_reply(REQUEST, _queries(*queries)).queries == queries


def test_nul_and_lone_surrogates_become_replacement_characters() -> None:
    text = r'{"queries": ["a\u0000b", "c\ud800d \ud83d\ude00", "kept: \\ud800 \\u0000"]}'
    assert parse_reply(REQUEST, text).queries == ["a�b", "c�d 😀", r"kept: \ud800 \u0000"]


def test_the_message_names_the_field_and_not_the_founders_words() -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(
            judge_relevance.build_request(samples.JUDGE), '{"reason": "secret", "score": 101, "relevant": true}'
        )
    assert "score" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_repair_shows_the_bad_reply_and_what_is_wrong_with_it() -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(REQUEST, _queries("only one"))
    messages = repair_messages(REQUEST, _queries("only one") + "x" * 100_000, caught.value)
    assert messages[:2] == REQUEST.messages
    assert [message["role"] for message in messages[2:]] == ["assistant", "user"]
    assert messages[2]["content"].startswith('{"queries": ["only one"]}')
    assert len(messages[2]["content"]) == 4_000
    assert "at least 3 items" in messages[3]["content"]


def test_a_repair_of_nothing_still_has_an_assistant_message() -> None:
    assert repair_messages(REQUEST, "", ReplyInvalid("empty"))[2] == {"role": "assistant", "content": "(empty)"}
