import json
from typing import Any

import pytest

from graphs.ensembles import build
from langchain_modelrouter import AllModelsFailedError, RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, JudgeError, UnknownModelError
from tests.doors import scripted

ASKED = {"messages": [("human", "Is 2027 prime? {yes}")]}
VOTERS = ["a", "b", "c"]
GONE = ConnectionError("gone")


def router(*replies: Any, judge: Any = ()) -> RouterChatModel:
    models = {name: scripted(reply, name=name, cyclic=True) for name, reply in zip(VOTERS, replies, strict=True)}
    judging = scripted(*judge, name="judge")
    return RouterChatModel.from_models({**models, "judge": judging}, classifier="none", max_retries=0)


def graph(*replies: Any, judge: Any = (), **options: Any) -> Any:
    return build(router(*replies, judge=judge), models=VOTERS, **{"judge": "judge", **options})


def verdict(best: int) -> str:
    return json.dumps({"reason": "it is right", "best": best})


async def run(graph: Any, *, is_async: bool) -> dict[str, Any]:
    state: dict[str, Any] = await graph.ainvoke(ASKED) if is_async else graph.invoke(ASKED)
    return state


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_most_say_is_the_answer_and_no_judge_is_paid(is_async: bool) -> None:
    state = await run(graph("No.", "yes", "Yes!"), is_async=is_async)
    assert [message.text for message in state["messages"]] == ["Is 2027 prime? {yes}", "yes"]
    assert (state["agreement"], state["verdict"]) == (0.6667, None)
    assert [answer["model"] for answer in state["answers"]] == VOTERS


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_judge_decides_where_they_disagree(is_async: bool) -> None:
    state = await run(graph("one", "two", "three", judge=[verdict(3)]), is_async=is_async)
    assert state["messages"][-1].text == "three"
    assert state["verdict"] == {"best": "c", "reason": "it is right"}

    state = build(router("one", "two", "three"), models=VOTERS, judge=None).invoke(ASKED)
    assert (state["messages"][-1].text, state["agreement"]) == ("one", 0.3333)


def test_a_verdict_that_cannot_be_read_is_asked_for_once_more() -> None:
    state = graph("one", "two", "three", judge=["the second", verdict(2)]).invoke(ASKED)
    assert (state["messages"][-1].text, state["asked"]) == ("two", 2)


@pytest.mark.parametrize("said", ["the second", verdict(4), verdict(0)])
def test_without_a_verdict_no_answer_is_taken_silently(said: str) -> None:
    with pytest.raises(JudgeError) as caught:
        graph("one", "two", "three", judge=[said, said]).invoke(ASKED)
    assert caught.value.answers == ("one", "two", "three")


def test_who_fails_is_left_out_of_vote_and_verdict() -> None:
    state = graph(GONE, "two", "three", judge=[verdict(2)]).invoke(ASKED)
    assert state["messages"][-1].text == "three"
    assert [answer["error"] is None for answer in state["answers"]] == [False, True, True]
    with pytest.raises(AllModelsFailedError):
        graph(GONE, GONE, GONE).invoke(ASKED)


def test_all_answers_and_the_verdict_are_paid_for(served: Any) -> None:
    state = build(RouterChatModel(served[1])).invoke(ASKED)
    answers = sum(answer["cost_usd"] for answer in state["answers"])
    assert state["verdict"] is not None
    assert state["cost_usd"] > answers > 0
    plain = {key: value for key, value in state.items() if key != "messages"}
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_the_reply_alone(is_async: bool) -> None:
    made = graph("one", "two", "three", judge=[verdict(2)])
    if is_async:
        events = [event async for event in made.astream(ASKED, stream_mode="messages")]
    else:
        events = list(made.stream(ASKED, stream_mode="messages"))
    assert "".join(message.text for message, _ in events) == "two"


def test_models_are_checked_when_built() -> None:
    with pytest.raises(InvalidOptionError):
        build(router("x", "y", "z"), models=["a"])
    with pytest.raises(UnknownModelError):
        build(router("x", "y", "z"), models=["a", "no-such"])
    with pytest.raises(UnknownModelError):
        build(router("x", "y", "z"), models=VOTERS, judge="no-such")
