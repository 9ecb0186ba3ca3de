"""Trap 19: nothing blocks the event loop, cancellation closes the run, and each loop has connections of its own."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.exceptions import ModelRateLimitError

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Fault, Simulator
from tests.doors import Door, Runs, by_ainvoke, by_astream, record, router_over, two_models

Served = tuple[Simulator, RouterConfig]
ASYNC_DOORS = (by_ainvoke, by_astream)


@pytest.fixture
def nothing_blocks() -> Iterator[None]:
    with blockbuster_ctx("langchain_modelrouter"):
        yield


@pytest.mark.parametrize("door", ASYNC_DOORS)
async def test_trap_19_no_blocking_call(door: Door, nothing_blocks: None, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova", "rate_limited")
    router = RouterChatModel(config)
    answer = await door(router, "hi", model="sambanova-llama-8b", fallback=True)
    assert record(answer)["model"] == "nebius-llama-8b"
    answer = await door(router, "What is 17 times 23? Show each step.")
    assert answer.text


@pytest.mark.parametrize("door", ASYNC_DOORS)
async def test_trap_19_no_blocking_call_while_it_waits(door: Door, nothing_blocks: None) -> None:
    router = router_over(*two_models(ModelRateLimitError("no"), ModelRateLimitError("no")), max_retries=1)
    with pytest.raises(Exception, match="No answer"):
        await door(router, "hi")


@pytest.mark.parametrize("door", ASYNC_DOORS)
async def test_trap_19_cancellation_closes_the_run(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("*", Fault("hang"))
    router = RouterChatModel(config)
    runs = Runs()
    task = asyncio.ensure_future(door(router, "hi", {"callbacks": [runs]}))
    while not simulator.requests:  # noqa: ASYNC110  the simulator runs in a thread and has no event to wait for
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (model_run,) = runs.models.values()
    # LangChain's own `ainvoke` leaves the model run open when it is cancelled; `astream` closes it.
    assert door is by_ainvoke or isinstance(model_run["end"], asyncio.CancelledError)
    assert isinstance(runs.router["end"], asyncio.CancelledError)
    assert all(one.in_flight == 0 for one in router.health().values())
    (row,) = router.engine.snapshot.live.ledger.rows()
    assert row.attempt.outcome == "cancelled"


async def test_trap_19_a_stream_that_is_left_closes_its_run(served: Served) -> None:
    simulator, config = served
    simulator.fault("*", Fault("hang", after_chunks=2))
    router = RouterChatModel(config)
    runs = Runs()
    stream: Any = router.astream("hi", {"callbacks": [runs]})
    async for chunk in stream:
        if chunk.text:
            break
    await stream.aclose()
    (model_run,) = runs.models.values()
    assert model_run["end"] is not None
    assert isinstance(runs.router["end"], GeneratorExit)
    assert all(one.in_flight == 0 for one in router.health().values())


def test_trap_19_a_stream_that_is_left_when_the_loop_ends_complains_of_nothing(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for router in (RouterChatModel(served[1]), router_over(*two_models("one two three"))):

        async def leave(router: RouterChatModel = router) -> None:
            async for chunk in router.astream("hi"):
                if chunk.text:
                    break

        asyncio.run(leave())
        assert all(one.in_flight == 0 for one in router.health().values())
    assert not caplog.records


def test_trap_19_two_event_loops_in_a_row(served: Served) -> None:
    router = RouterChatModel(served[1])

    async def ask() -> str:
        await router.ainvoke("hi")
        return "".join([chunk.text async for chunk in router.astream("hi")])

    assert asyncio.run(ask())
    assert asyncio.run(ask())
    assert served[0].calls() == 4
    assert served[0].open_connections == 0


def test_trap_19_many_at_once_on_one_loop(served: Served) -> None:
    router = RouterChatModel(served[1])

    async def ask() -> list[Any]:
        return await router.abatch(["hi"] * 50)

    assert len([one for one in asyncio.run(ask()) if one.text]) == 50
