"""What becomes of the model's queries, questions, routes and wordings."""

from dataclasses import replace

from tests.workers.steps import samples
from workers.steps.ask_founder import AskFounderReply, build_request, to_wording
from workers.steps.derive_questions import DerivedQuestion, DeriveQuestionsReply, Question, to_questions
from workers.steps.plan_search import PlanSearchReply, to_queries
from workers.steps.route_question import RouteQuestionInput, RouteQuestionReply, to_route


def _derived(*questions: DerivedQuestion) -> tuple[Question, ...]:
    return to_questions(samples.DERIVE, DeriveQuestionsReply.model_construct(questions=list(questions)))


def _asked(key: str, text: str, kind: str = "text", choices: tuple[str, ...] = ()) -> DerivedQuestion:
    return DerivedQuestion.model_validate({"key": key, "text": text, "why": "w", "kind": kind, "choices": choices})


def test_the_founders_own_words_are_searched_first_and_no_query_twice() -> None:
    reply = PlanSearchReply(queries=["final pay", "  Final\n pay ", " \t", "severance"])
    assert to_queries(samples.PLAN, reply) == (samples.QUESTION, "final pay", "severance")


def test_a_long_question_is_searched_by_its_beginning() -> None:
    queries = to_queries(replace(samples.PLAN, question="x" * 10_000), PlanSearchReply(queries=["a", "b", "c"]))
    assert queries[0] == "x" * 200


def test_keys_become_slugs_and_unique() -> None:
    keys = ["Équité %", "équité", "***", "日本", "a - b"]
    questions = _derived(*(_asked(key, f"Question {number}?") for number, key in enumerate(keys)))
    assert [question.key for question in questions[:5]] == ["equite", "equite_2", "fact", "fact_2", "a_b"]


def test_long_keys_that_differ_only_at_the_end_stay_within_the_limit() -> None:
    keys = [question.key for question in _derived(_asked("a" * 60, "One?"), _asked("a" * 60, "Two?"))]
    assert keys[:2] == ["a" * 60, "a" * 56 + "_2"]


def test_a_question_asked_twice_is_asked_once() -> None:
    questions = _derived(_asked("a", "Is it so?"), _asked("b", "is it  so"), _asked("c", "  "))
    texts = [question.text for question in questions]
    assert texts.count("Is it so?") == 1
    assert "is it so" not in texts
    assert all(text.strip() for text in texts)


def test_a_choice_with_fewer_than_two_different_choices_becomes_text() -> None:
    questions = _derived(
        _asked("a", "One?", "choice", ("yes", "YES ", " ")),
        _asked("b", "Two?", "choice", ("yes", "no")),
        _asked("c", "Three?", "date", ("yes", "no")),
    )
    assert [(question.kind, question.choices) for question in questions[:3]] == [
        ("text", ()),
        ("choice", ("yes", "no")),
        ("date", ()),
    ]


def test_too_few_questions_are_filled_up_from_the_playbooks() -> None:
    questions = _derived(_asked("annual_salary", "What does she earn?", "money"))
    assert len(questions) == 6, "five of the playbook's six facts and the one that the model asked for in its own words"
    assert questions[0].text == "What does she earn?"
    assert [question.key for question in questions].count("annual_salary") == 1


def test_a_question_takes_over_the_playbooks_hint_where_to_look() -> None:
    questions = _derived(_asked("vested_shares", "How many?", "number"))
    hints = {question.key: question.source_hint for question in questions}
    assert hints["vested_shares"] == "carta"
    assert hints["work_state"] == "rippling"


def test_a_question_lasts_as_long_as_the_playbooks_fact_and_one_of_its_own_not_at_all() -> None:
    fact = replace(samples.DERIVE.playbooks[0].facts_needed[0], key="headcount", about="company", lifetime_days=7)
    given = replace(samples.DERIVE, playbooks=(replace(samples.DERIVE.playbooks[0], facts_needed=(fact,)),))
    asked = [_asked("headcount", "How many?"), _asked("headcount", "And abroad?"), _asked("other", "What else?")]
    questions = to_questions(given, DeriveQuestionsReply.model_construct(questions=asked))
    assert [(q.key, q.about, q.lifetime_days) for q in questions] == [
        ("headcount", "company", 7),
        ("headcount_2", "matter", 0),
        ("other", "matter", 0),
    ]


def test_without_questions_and_without_playbooks_nothing_is_asked() -> None:
    blank = DeriveQuestionsReply.model_construct(questions=[_asked("a", " ")] * 8)
    assert to_questions(replace(samples.DERIVE, playbooks=()), blank) == ()


def test_a_provider_that_is_not_connected_becomes_the_founder_and_the_reason_says_so() -> None:
    route = to_route(samples.ROUTE, RouteQuestionReply(source="carta", reason="It knows."))
    assert route.source == "founder"
    assert "Carta" in route.reason
    assert "not connected" in route.reason


def test_a_connected_provider_and_the_founder_stay() -> None:
    nobody = RouteQuestionInput("How many?", "So.", "number", frozenset())
    assert to_route(samples.ROUTE, RouteQuestionReply(source="rippling", reason=" It \n knows. ")).reason == "It knows."
    assert to_route(nobody, RouteQuestionReply(source="founder", reason="Only you know.")).reason == "Only you know."


def test_a_blank_wording_falls_back_to_the_question() -> None:
    wording = to_wording(samples.ASK, AskFounderReply(wording=" \n", hint="  e.g.\tMay 2 2026 "))
    assert (wording.text, wording.hint) == (samples.ASK.text, "e.g. May 2 2026")


def test_a_second_round_tells_the_model_what_was_answered_and_why_it_was_not_enough() -> None:
    again = replace(samples.ASK, reason="The year is missing.", previous_answer="November 30")
    content = build_request(again).messages[1]["content"]
    assert "not_accepted_because: The year is missing." in content
    assert "November 30" in content
    assert "first time" not in content
