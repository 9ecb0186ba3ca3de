import asyncio
import logging
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.errors import BudgetExceededError
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import Door, record

USAGE = {"input_tokens": 5, "output_tokens": 1995, "total_tokens": 2000}
COST_USD = {"dear": Decimal("0.02"), "cheap": Decimal("0.002"), "unpriced": None}
"""Of one answer."""


def config_of(*budgets: dict[str, Any], **parts: Any) -> dict[str, Any]:
    model = {"provider": "p", "input_usd_per_mtok": 10, "output_usd_per_mtok": 10, "max_output_tokens": 1995}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
    return {
        "extends": "none",
        "preset": "mine",
        "providers": {"p": {"base_url": "http://127.0.0.1:9/v1"}},
        "models": {
            "dear": {**model, "api_name": "dear"},
            "cheap": {**model, **price, "api_name": "cheap"},
            "unpriced": {"provider": "p", "api_name": "unpriced"},
        },
        "presets": {
            "mine": {"default": ["dear", "cheap"]},
            "thrifty": {"default": "cheap"},
            "other": {"default": "unpriced"},
        },
        "budgets": [{"name": "b", **budget} for budget in budgets],
        **parts,
    }


def router_with(*budgets: dict[str, Any], **parts: Any) -> RouterChatModel:
    """Return a router over a dear and a cheap model, each of whose answers costs as in `COST_USD`."""
    latency_s = parts.pop("latency_s", 0.0)
    clients = {
        name: ScriptedChatModel(["yes"], cyclic=True, model_name=name, usage=USAGE, latency_s=latency_s)
        for name in COST_USD
    }
    return RouterChatModel(config_of(*budgets, **parts), clients=clients)


def spent_usd(router: RouterChatModel) -> Decimal:
    return sum((row.attempt.cost_usd or Decimal(0) for row in router.ledger.rows()), Decimal(0))


@pytest.mark.parametrize(
    ("per", "mine", "other"),
    [
        ("run", {"configurable": {"run_id": "a"}}, {"configurable": {"run_id": "b"}}),
        ("thread", {"configurable": {"thread_id": "a"}}, {"configurable": {"thread_id": "b"}}),
        ("user", {"metadata": {"user_id": "a"}}, {"configurable": {"user_id": "b"}}),
        ("tag", {"configurable": {"route_tags": ["a", "x"]}}, {"configurable": {"route_tags": ["b"]}}),
    ],
)
async def test_a_window_that_is_used_up_refuses_and_leaves_others_alone(
    door: Door, per: str, mine: dict[str, Any], other: dict[str, Any]
) -> None:
    router = router_with({"usd": 0.03, "per": per, "when_exceeded": "fail"})
    await door(router, "hi", mine)
    await door(router, "hi", mine)
    with pytest.raises(BudgetExceededError, match="'b' has"):
        await door(router, "hi", mine)
    await door(router, "hi", other)
    assert len(router.ledger.rows()) == 3


@pytest.mark.parametrize("per", ["day", "month"])
async def test_a_day_and_a_month_hold_for_all_calls(door: Door, per: str) -> None:
    router = router_with({"usd": 0.03, "per": per, "when_exceeded": "fail"})
    await door(router, "hi")
    await door(router.with_preset("mine"), "hi")
    with pytest.raises(BudgetExceededError):
        await door(router.for_task("general"), "hi")


async def test_one_call_may_not_cost_more_than_its_budget(door: Door) -> None:
    router = router_with({"usd": 0.0001, "per": "call", "when_exceeded": "fail"})
    with pytest.raises(BudgetExceededError):
        await door(router, "hi", max_tokens=1995)
    assert not router.ledger.rows()


async def test_by_default_the_cheapest_model_takes_over(door: Door) -> None:
    router = router_with({"usd": 0.021, "per": "day"})
    assert record(await door(router, "hi"))["model"] == "dear"
    said = record(await door(router, "hi"))
    assert said["model"] == "cheap"
    assert "budget b has $0.0010 left" in said["notes"][-1]
    assert record(await door(router, "hi"))["model"] == "cheap"


async def test_a_named_preset_takes_over(door: Door) -> None:
    router = router_with({"usd": 0.02, "per": "day", "preset": "thrifty"})
    await door(router, "hi")
    said = record(await door(router, "hi"))
    assert (said["model"], said["preset"]) == ("cheap", "thrifty")


async def test_an_unknown_price_is_too_much_for_any_budget(door: Door) -> None:
    router = router_with({"usd": 100, "per": "day", "when_exceeded": "fail"})
    with pytest.raises(BudgetExceededError, match=r"\$\?"):
        await door(router, "hi", preset="other")


async def test_a_failed_attempt_gives_its_reservation_back(door: Door) -> None:
    router = router_with({"usd": 0.0045, "per": "day", "when_exceeded": "fail"})
    router.engine.snapshot.live.clients.handed_in["dear"] = ScriptedChatModel([ConnectionError("no")], cyclic=True)
    for _ in range(2):
        assert record(await door(router, "hi"))["model"] == "cheap"
    assert spent_usd(router) == Decimal("0.004")


async def test_calls_at_once_overshoot_by_less_than_one_worst_case() -> None:
    router = router_with({"usd": 0.1, "per": "day", "when_exceeded": "fail"}, latency_s=0.01)
    done = await asyncio.gather(*(router.ainvoke("hi") for _ in range(100)), return_exceptions=True)
    refused = [one for one in done if isinstance(one, BudgetExceededError)]
    assert Decimal("0.08") <= spent_usd(router) <= Decimal("0.12")
    assert len(refused) == 100 - len(router.ledger.rows())


async def test_threads_at_once_overshoot_by_less_than_one_worst_case() -> None:
    router = router_with({"usd": 0.1, "per": "day", "when_exceeded": "fail"}, latency_s=0.01)
    calls = [asyncio.to_thread(router.invoke, "hi") for _ in range(100)]
    await asyncio.gather(*calls, return_exceptions=True)
    assert Decimal("0.08") <= spent_usd(router) <= Decimal("0.12")


def test_a_budget_warns_once_at_its_share(caplog: pytest.LogCaptureFixture) -> None:
    router = router_with({"usd": 0.1, "per": "day", "when_exceeded": "fail"})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            router.invoke("hi")
        assert "Budget" not in caplog.text
        for _ in range(2):
            router.invoke("hi")
    assert caplog.text.count("Budget b (day") == 1


async def test_a_ledger_in_a_file_carries_a_budget_over_a_restart(door: Door, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"ledger": {"path": str(tmp_path / "x.db")}}
    budget = {"usd": 0.03, "per": "user", "when_exceeded": "fail"}
    alice = {"configurable": {"user_id": "alice"}}
    first = router_with(budget, **parts)
    for _ in range(2):
        await door(first, "hi", alice)
    first.ledger.close()
    second = router_with(budget, **parts)
    with pytest.raises(BudgetExceededError):
        await door(second, "hi", alice)


def test_a_reload_keeps_what_is_spent_and_takes_the_new_ceiling(tmp_path: Path) -> None:
    file = tmp_path / "modelrouter.yaml"

    def write(usd: float) -> None:
        budget = {"usd": usd, "per": "day", "when_exceeded": "fail"}
        file.write_text(yaml.safe_dump(config_of(budget)), encoding="utf-8")

    write(0.03)
    router = RouterChatModel(file, clients={"dear": ScriptedChatModel(["yes"], cyclic=True, usage=USAGE)})
    for _ in range(2):
        router.invoke("hi", model="dear")
    with pytest.raises(BudgetExceededError):
        router.invoke("hi", model="dear")
    write(0.05)
    deadline = time.monotonic() + 10
    while router.engine.snapshot.config.budgets[0].usd != Decimal("0.05") and time.monotonic() < deadline:
        time.sleep(0.05)
    router.invoke("hi", model="dear")
    with pytest.raises(BudgetExceededError):
        router.invoke("hi", model="dear")
    assert spent_usd(router) == Decimal("0.06")


class State(TypedDict, total=False):
    answer: str


async def test_the_nodes_of_one_graph_run_share_the_budget_of_that_run(door: Door) -> None:
    router = router_with({"usd": 0.03, "per": "run", "when_exceeded": "fail"})

    async def node(_state: State) -> State:
        return {"answer": (await door(router, "hi")).text}

    builder = StateGraph(State)
    for name in ("one", "two", "three"):
        builder.add_node(name, node)
    graph = builder.add_edge(START, "one").add_edge("one", "two").add_edge("two", "three").compile()
    for runs in (1, 2):
        with pytest.raises(BudgetExceededError):
            await graph.ainvoke({}, {"run_id": uuid4()})
        assert len(router.ledger.rows()) == 2 * runs


async def test_interrupt_asks_for_more_inside_a_graph_and_goes_on(door: Door) -> None:
    router = router_with({"usd": 0.02, "per": "day", "when_exceeded": "interrupt"})
    router.invoke("hi")

    async def node(_state: State) -> State:
        return {"answer": (await door(router, "hi")).text}

    graph = StateGraph(State).add_node("node", node).add_edge(START, "node").compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    asked = await graph.ainvoke({}, config)
    assert asked["__interrupt__"][0].value["budget"] == "b"
    assert (await graph.ainvoke(Command(resume=0.02), config))["answer"] == "yes"


async def test_interrupt_fails_outside_a_graph_and_where_the_answer_is_no(door: Door) -> None:
    router = router_with({"usd": 0.02, "per": "day", "when_exceeded": "interrupt"})
    await door(router, "hi")
    with pytest.raises(BudgetExceededError):
        await door(router, "hi")

    async def node(_state: State) -> State:
        return {"answer": (await door(router, "hi")).text}

    graph = StateGraph(State).add_node("node", node).add_edge(START, "node").compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({}, config)
    with pytest.raises(BudgetExceededError):
        await graph.ainvoke(Command(resume=0), config)
