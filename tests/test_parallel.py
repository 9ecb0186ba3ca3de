"""Race, hedge, consensus, judge and fan-out, through the doors; and where the published sketches go wrong."""

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.exceptions import ModelRateLimitError
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel

from langchain_modelrouter import AllModelsFailedError, RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, JudgeError, UnknownModelError
from langchain_modelrouter.parallel import consensus, fan_out, hedge, judge, race
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import DOORS, Door

NO = ModelRateLimitError("no")


def router_over(**scripts: Any) -> tuple[RouterChatModel, dict[str, ScriptedChatModel]]:
    """A router over models named a, b, c ..., each with a script or with (latency, script)."""
    clients: dict[str, Any] = {}
    for name, script in scripts.items():
        latency_s, replies = script if isinstance(script, tuple) else (0.0, script)
        clients[name] = ScriptedChatModel(replies, model_name=name, latency_s=latency_s)
    price = {"input_usd_per_mtok": "1", "output_usd_per_mtok": "2"}
    config = {
        "extends": "none",
        "preset": "mine",
        "providers": {"p": {"kind": "custom"}},
        "models": {
            name: {"provider": "p", "api_name": name, "capabilities": ["tools", "json_schema"], **price}
            for name in clients
        },
        "tasks": {"general": {}},
        "presets": {"mine": {"default": list(clients)}},
        "routing": {"classifier": "none"},
        "retry": {"same_model": 0},
    }
    return RouterChatModel(config, clients=clients), clients


def record_of(message: Any) -> dict[str, Any]:
    return dict(message.response_metadata["model_router"])


@pytest.mark.parametrize("door", DOORS)
async def test_the_first_success_wins_although_a_failure_was_faster(door: Door) -> None:
    """The published race returns the first *finished* task and fails when that one failed."""
    router, _ = router_over(a=[NO], b=(0.05, ["b"]))
    reply = await door(race(router), "x")
    assert (reply.content, record_of(reply)["model"]) == ("b", "b")
    assert [attempt["outcome"] for attempt in record_of(reply)["attempts"]] == ["error", "ok"]


@pytest.mark.parametrize("door", DOORS)
async def test_losers_are_cancelled_and_booked(door: Door) -> None:
    router, _ = router_over(a=(0.05, ["a"]), b=(0.5, ["b"]))
    reply = await door(race(router), "x")
    by_model = {attempt["model"]: attempt for attempt in record_of(reply)["attempts"]}
    assert (by_model["a"]["outcome"], by_model["b"]["outcome"]) == ("ok", "cancelled")
    assert by_model["b"]["estimated"]
    assert by_model["b"]["cost_usd"] > 0
    assert by_model["b"]["input_tokens"] > 0 == by_model["b"]["output_tokens"]
    costs = [Decimal(str(attempt["cost_usd"])) for attempt in record_of(reply)["attempts"]]
    assert Decimal(str(record_of(reply)["cost_usd"])) == sum(costs)
    rows = router.engine.snapshot.live.ledger.rows()  # type: ignore[attr-defined]
    assert sorted(row.attempt.outcome for row in rows) == ["cancelled", "ok"]
    assert {row.role for row in rows} == {"race"}


async def test_a_lost_race_leaves_no_task_behind() -> None:
    router, _ = router_over(a=["a"], b=(5.0, ["b"]))
    before = asyncio.all_tasks()
    await race(router).ainvoke("x")
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("door", DOORS)
async def test_when_one_heat_fails_the_next_models_race_and_at_last_all_are_listed(door: Door) -> None:
    router, _ = router_over(a=[NO], b=[NO], c=["c"], d=["d"])
    assert (await door(race(router), "x")).content in ("c", "d")
    router, _ = router_over(a=[NO], b=[NO])
    with pytest.raises(AllModelsFailedError) as caught:
        await door(race(router), "x")
    assert len(caught.value.attempts) == 2


def test_a_cancelled_race_cancels_its_runners() -> None:
    router, _ = router_over(a=(5.0, ["a"]), b=(5.0, ["b"]))

    async def main() -> None:
        task = asyncio.ensure_future(race(router).ainvoke("x"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    rows = router.engine.snapshot.live.ledger.rows()  # type: ignore[attr-defined]
    assert [row.attempt.outcome for row in rows] == ["cancelled", "cancelled"]
    assert all(health.in_flight == 0 for health in router.health().values())


@pytest.mark.parametrize("door", DOORS)
async def test_a_hedge_asks_again_only_where_the_first_is_slow(door: Door) -> None:
    router, models = router_over(a=["a"], b=["b"])
    assert (await door(hedge(router, after_s=0.2), "x")).content == "a"
    assert models["b"].calls == 0
    router, models = router_over(a=(1.0, ["a"]), b=["b"])
    reply = await door(hedge(router, after_s=0.02), "x")
    assert (reply.content, models["a"].calls) == ("b", 1)


async def test_hedging_in_the_configuration_keeps_to_its_share() -> None:
    router, models = router_over(a=(0.002, ["a"] * 200), b=["b"] * 200)
    config = router.engine.snapshot.config.model_dump(mode="json", exclude_unset=True)
    config["retry"] = {"same_model": 0, "hedge_ratio": 0.05}
    hedging = RouterChatModel({**config, "extends": "none"}, clients=dict(models))
    for _ in range(100):
        await hedging.ainvoke("x")
    assert models["a"].calls == 100
    assert models["b"].calls <= 5


async def test_hedges_draw_on_the_retry_budget() -> None:
    router, models = router_over(a=(0.1, ["a"] * 9), b=["b"] * 9)
    for _ in range(5):
        await hedge(router, after_s=0.01).ainvoke("x")
    assert models["b"].calls == 3, "the floor of the budget"


@pytest.mark.parametrize("door", DOORS)
async def test_consensus_leaves_failures_out_and_takes_the_longest_by_default(door: Door) -> None:
    router, _ = router_over(a=["short"], b=[NO], c=["much longer"])
    reply = await door(consensus(router), "x")
    assert (reply.content, record_of(reply)["model"]) == ("much longer", "c")
    assert len(record_of(reply)["attempts"]) == 3


def test_consensus_by_majority_and_by_a_function_of_ones_own() -> None:
    router, _ = router_over(a=["Paris", "1"], b=["paris!", "2"], c=["Lyon", "3"])
    agreed = consensus(router, select="majority").invoke("x")
    assert (agreed.content, agreed.response_metadata["agreement"]) == ("Paris", {"answer": 0.6667})
    assert consensus(router, ["a", "c"], select=lambda answers: answers[-1]).invoke("x").content == "3"


class Order(BaseModel):
    item: str
    number: int


@pytest.mark.parametrize("door", DOORS)
async def test_a_vote_names_the_first_model_that_gave_the_answer_it_returns(door: Door) -> None:
    """Not who answered first of all, which may be a voter that was outvoted."""
    router, _ = router_over(a=["no"], b=(0.02, ["yes"]), c=(0.05, ["Yes."]))
    reply = await door(consensus(router, select="majority"), "x")
    assert (reply.content, record_of(reply)["model"]) == ("yes", "b")
    assert reply.response_metadata["model_name"] == "b"


@pytest.mark.parametrize("door", DOORS)
async def test_a_vote_never_names_the_model_that_was_asked_for_the_task(door: Door) -> None:
    a, b, sorter = (
        ScriptedChatModel([reply], model_name=name) for name, reply in (("a", "yes"), ("b", "yes"), ("s", "x"))
    )
    router = RouterChatModel.from_models({"x": [a, b]}, default="x", classifier=sorter)
    reply = await door(consensus(router, voters=2, select="majority"), "x")
    assert record_of(reply)["attempts"][0]["model"] == "s"
    assert record_of(reply)["model"] == "a"


def test_structured_outputs_are_voted_on_field_by_field() -> None:
    router, _ = router_over(
        a=['{"item": "nut", "number": 1}'], b=['{"item": "bolt", "number": 2}'], c=['{"item": "nut", "number": 2}']
    )
    voted = consensus(router, select="fields").with_structured_output(Order, method="json_mode").invoke("x")
    assert voted == Order(item="nut", number=2)


@pytest.mark.parametrize("door", DOORS)
async def test_a_judge_picks_by_number_and_is_accounted(door: Door) -> None:
    router, models = router_over(a=["one"], b=["two"], j=['{"reason": "clearer", "best": 2}'])
    reply = await door(judge(router, ["a", "b"], by="j"), "which {one}?")
    assert (reply.content, record_of(reply)["model"]) == ("two", "b")
    assert [attempt["model"] for attempt in record_of(reply)["attempts"]][-1] == "j"
    prompt = [str(message.content) for message in models["j"].requests[0].messages]
    assert prompt[1:] == ["Question:\nwhich {one}?", "Answer 1:\none", "Answer 2:\ntwo"]


@pytest.mark.parametrize("verdict", ["the second", '{"reason": "x", "best": 7}', '{"best": 0, "reason": "x"}'])
def test_an_unusable_verdict_is_asked_for_once_more_then_reported(verdict: str) -> None:
    """In the published sketch a verdict that does not parse silently becomes the first answer."""
    router, models = router_over(a=["one"], b=["two"], j=[verdict, '{"reason": "x", "best": 1}'])
    assert judge(router, ["a", "b"], by="j").invoke("x").content == "one"
    router, models = router_over(a=["one"], b=["two"], j=[verdict] * 2)
    with pytest.raises(JudgeError, match="j gave no verdict on 2 answers") as caught:
        judge(router, ["a", "b"], by="j").invoke("x")
    assert caught.value.answers == ("one", "two")
    assert models["j"].calls == 2


@pytest.mark.parametrize("is_async", [False, True])
async def test_fan_out_gives_every_answer_failures_among_them(is_async: bool) -> None:
    router, _ = router_over(a=["a"], b=[NO], c=["c"])
    runnable = fan_out(router, ["a", "b", "c"])
    answers = await runnable.ainvoke("x") if is_async else runnable.invoke("x")
    assert [one.model for one in answers] == ["a", "b", "c"]
    assert [one.message.content if one.message else one.error for one in answers] == [
        "a",
        "ModelRateLimitError: rate limited",
        "c",
    ]


def test_bugs_pass_through_a_fan_out() -> None:
    router, _ = router_over(a=["a"], b=[TypeError("bug")])
    with pytest.raises(TypeError, match="bug"):
        fan_out(router, ["a", "b"]).invoke("x")


@pytest.mark.parametrize("is_async", [False, True])
async def test_no_text_of_a_loser_is_in_a_message_stream(is_async: bool) -> None:
    router, _ = router_over(a=["winner here"], b=["loser text"])
    raced = consensus(router, select=lambda answers: answers[0])

    def sync_node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [raced.invoke(state["messages"])]}

    async def async_node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await raced.ainvoke(state["messages"])]}

    node: Any = async_node if is_async else sync_node
    graph = StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile()
    asked: Any = {"messages": [("human", "x")]}
    if is_async:
        seen = [chunk async for chunk in graph.astream(asked, stream_mode="messages")]
    else:
        seen = list(graph.stream(asked, stream_mode="messages"))
    assert "".join(chunk.content for chunk, _ in seen) == "winner here"  # type: ignore[union-attr,misc]


def test_what_cannot_be_is_refused_at_once() -> None:
    router, _ = router_over(a=["a"], b=["b"])
    with pytest.raises(InvalidOptionError, match="at least two"):
        race(router, ["a"])
    with pytest.raises(InvalidOptionError, match="did you mean 'majority'"):
        consensus(router, select="majorty")
    with pytest.raises(UnknownModelError):
        race(router, ["a", "z"])
    with pytest.raises(UnknownModelError):
        judge(router, by="z")


def test_threads_of_a_race_end() -> None:
    router, _ = router_over(a=["a"], b=(0.1, ["b"]))
    race(router).invoke("x")
    for thread in threading.enumerate():
        if thread.name.startswith("modelrouter") and "Pool" not in type(thread).__name__ and thread.name[-1].isdigit():
            thread.join(timeout=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("modelrouter_")]
