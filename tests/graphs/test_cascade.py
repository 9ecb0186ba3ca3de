import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver

from graphs.cascade import build, model_verifier
from langchain_modelrouter import AllModelsFailedError, RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, UnknownModelError
from tests.doors import scripted

ASKED = {"messages": [("human", "Which is heavier?")]}
TIERS = ["small", "large"]


def router(small: Any, large: Any = "the large answer", verdict: Any = "unused") -> RouterChatModel:
    replies = {"small": small, "large": large, "classification": verdict}
    models = {task: scripted(reply, name=f"{task}-model", cyclic=True) for task, reply in replies.items()}
    return RouterChatModel.from_models(models, classifier="none", max_retries=0)


def contains(word: str) -> Any:
    return lambda question: word in question["draft"].text


def verdict(**said: Any) -> str:
    return json.dumps(said)


async def run(graph: Any, *, is_async: bool) -> dict[str, Any]:
    state: dict[str, Any] = await graph.ainvoke(ASKED) if is_async else graph.invoke(ASKED)
    return state


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_satisfies_is_answered_by_the_cheap_model_alone(is_async: bool) -> None:
    state = await run(build(router("water"), tiers=TIERS, verifier=contains("water")), is_async=is_async)
    assert state["messages"][-1].text == "water"
    assert [(one["tier"], one["satisfied"]) for one in state["tries"]] == [("small", True)]


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_does_not_satisfy_is_escalated_and_the_last_needs_no_verdict(is_async: bool) -> None:
    state = await run(build(router("oil"), tiers=TIERS, verifier=contains("water")), is_async=is_async)
    assert [message.text for message in state["messages"]] == ["Which is heavier?", "the large answer"]
    assert [(one["model"], one["satisfied"]) for one in state["tries"]] == [
        ("small-model", False),
        ("large-model", None),
    ]


@pytest.mark.parametrize(
    ("said", "satisfied"),
    [
        (verdict(satisfied=True, reason="right"), True),
        (verdict(satisfied=False, reason="wrong"), False),
        ("yes, I guess", False),
        (ConnectionError("gone"), False),
    ],
)
def test_a_model_verifies_and_what_is_no_clear_consent_escalates(said: Any, satisfied: bool) -> None:
    state = build(router("oil", verdict=said), tiers=TIERS).invoke(ASKED)
    assert state["tries"][0]["satisfied"] is satisfied
    assert len(state["tries"]) == (1 if satisfied else 2)


def test_a_tier_that_fails_is_followed_by_the_next() -> None:
    state = build(router(ConnectionError("gone")), tiers=TIERS).invoke(ASKED)
    assert state["messages"][-1].text == "the large answer"
    assert state["tries"][0]["reason"].startswith("AllModelsFailedError")


def test_the_last_draft_is_better_than_no_answer() -> None:
    graph = build(router("oil", ConnectionError("gone")), tiers=TIERS, verifier=contains("water"))
    assert graph.invoke(ASKED)["messages"][-1].text == "oil"
    with pytest.raises(AllModelsFailedError):
        build(router(ConnectionError("gone"), ConnectionError("gone")), tiers=TIERS).invoke(ASKED)


def test_a_bug_of_the_verifier_stays_a_bug() -> None:
    def broken(_question: Any) -> bool:
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        build(router("oil"), tiers=TIERS, verifier=broken).invoke(ASKED)


def test_each_try_and_the_sum_have_their_cost(served: Any) -> None:
    graph = build(RouterChatModel(served[1]), verifier=lambda _: False, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    first, second = graph.invoke(ASKED, thread), graph.invoke(ASKED, thread)
    assert [one["model"] for one in first["tries"]] == ["sambanova-llama-8b", "nebius-llama-405b"]
    assert first["cost_usd"] == pytest.approx(sum(one["cost_usd"] for one in first["tries"]), abs=1e-12)
    assert len(second["tries"]) == 2
    assert second["cost_usd"] > first["cost_usd"]


def test_the_verdict_of_a_model_is_paid_for(served: Any) -> None:
    said = model_verifier(RouterChatModel(served[1])).invoke({"messages": [], "draft": AIMessage("oil")})
    assert (said["satisfied"], said["cost_usd"] > 0) == (True, True)


@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_the_reply_but_no_draft_and_no_verdict(is_async: bool) -> None:
    graph: Any = build(router("oil", verdict=verdict(satisfied=False, reason="wrong")), tiers=TIERS)
    if is_async:
        events = [event async for event in graph.astream(ASKED, stream_mode="messages")]
    else:
        events = list(graph.stream(ASKED, stream_mode="messages"))
    assert "".join(message.text for message, _ in events) == "the large answer"


def test_tiers_are_checked_when_built() -> None:
    with pytest.raises(InvalidOptionError):
        build(router("x"), tiers=[])
    with pytest.raises(UnknownModelError, match="small-model"):
        build(router("x"), tiers=["smal-model"])
