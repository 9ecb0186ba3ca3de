import json

import pytest
from langchain_core.messages import AIMessage

from langchain_modelrouter.dispatch.votes import fields, longest, majority, vote_fields


def says(*texts: str) -> list[AIMessage]:
    return [AIMessage(text) for text in texts]


def test_the_longest_answer_and_of_equals_the_first() -> None:
    answers = says("ab", "xyz", "abc")
    assert longest(answers) is answers[1]


def test_the_majority_is_over_what_is_said_not_over_how_it_is_written() -> None:
    winner = majority(says("Lyon", "Paris.", "  paris"))
    assert winner.content == "Paris."
    assert winner.response_metadata["agreement"] == {"answer": 0.6667}


def test_a_majority_of_tool_calls_needs_the_same_arguments() -> None:
    def call(item: str) -> AIMessage:
        return AIMessage("", tool_calls=[{"name": "buy", "args": {"item": item}, "id": item, "type": "tool_call"}])

    assert majority([call("a"), call("b"), call("b")]).tool_calls[0]["args"] == {"item": "b"}


@pytest.mark.parametrize(
    ("ballots", "value", "agreement"),
    [
        ([{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 9, "b": 3}], {"a": 1, "b": 3}, {"a": 2 / 3, "b": 2 / 3}),
        ([{"a": 1}, {"a": 2}], {"a": 1}, {"a": 1 / 2}),
        ([{"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}], {"a": {"x": 1}}, {"a.x": 1.0, "a.y": 1 / 2}),
        ([{"a": "Yes"}, {"a": "yes."}, {"a": "no"}], {"a": "Yes"}, {"a": 2 / 3}),
        ([{"a": 1}, {}, {}], {}, {"a": 2 / 3}),
    ],
)
def test_each_field_is_voted_on_for_itself(
    ballots: list[dict[str, object]], value: dict[str, object], agreement: dict[str, float]
) -> None:
    vote = vote_fields(ballots)
    assert (vote.value, vote.agreement) == (value, pytest.approx(agreement))


def test_structured_answers_vote_field_by_field() -> None:
    winner = fields(says('{"a": 1, "b": "x"}', '{"a": 2, "b": "y"}', '{"a": 2, "b": "x"}', "no object"))
    assert json.loads(str(winner.content)) == {"a": 2, "b": "x"}
    assert winner.response_metadata["agreement"] == {"a": 0.6667, "b": 0.6667}


def test_arguments_of_the_same_tool_calls_vote_field_by_field() -> None:
    def call(**args: int) -> AIMessage:
        return AIMessage("", tool_calls=[{"name": "f", "args": args, "id": "c", "type": "tool_call"}])

    winner = fields([call(x=1, y=1), call(x=1, y=2), call(x=3, y=2)])
    assert winner.tool_calls[0]["args"] == {"x": 1, "y": 2}
    assert winner.response_metadata["agreement"] == {"f.x": 0.6667, "f.y": 0.6667}


def test_plain_texts_vote_by_majority() -> None:
    assert fields(says("a", "b", "b")).content == "b"
