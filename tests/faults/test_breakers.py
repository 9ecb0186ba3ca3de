"""Rows 34-38: providers that are down, come and go or slow down, and a clock that jumps."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.health import Health
from langchain_modelrouter.dispatch.live import utc_now
from langchain_modelrouter.errors import AllModelsFailedError
from langchain_modelrouter.simulator import Fault
from langchain_modelrouter.testing import FakeClock
from tests.doors import Door
from tests.faults.kit import Bench, ask, fell_back, live_of, rows_of

TRIPS_AT_ONCE: dict[str, Any] = {"breaker": {"consecutive_failures": 1}, "retry": {"same_model": 0}}

TRIPS_WHEN_SLOW = {"min_calls": 2, "slow_ratio": 2}
PATIENT = {"ttft_timeout_s": 5}


def on_clock(router: RouterChatModel, *, wall: Callable[[], datetime] = utc_now) -> FakeClock:
    """Give the router's health a clock that only the test moves, and return it."""
    clock = FakeClock()
    snapshot = router.engine.snapshot
    health = Health(snapshot.config.breaker, clock=clock, draw=lambda: 0.0)
    router.engine._snapshot = replace(snapshot, live=replace(snapshot.live, health=health, wall=wall))
    return clock


async def test_fault_34_brown_out(bench: Bench, door: Door) -> None:
    models = {
        "one": {"provider": "alpha", "tokens_per_s": 2000, "ttft_s": 0.0},
        "two": {"provider": "beta", "tokens_per_s": 2000, "ttft_s": 0.0},
    }
    router = bench.router(
        models=models, presets={"mine": {"default": ["one", "two"]}}, breaker=TRIPS_WHEN_SLOW, limits=PATIENT
    )
    for _ in range(4):
        fell_back(await ask(door, router), "one")
    bench.fault("one", Fault("slow", delay_s=0.3))
    calls = 0
    while router.health()["one"].state == "closed" and calls < 12:
        fell_back(await ask(door, router), "one")
        calls += 1
    fell_back(await ask(door, router), "two")
    assert (router.health()["one"].state, router.health()["one"].why) == ("open", "slow")


async def test_fault_34_where_everybody_is_slow_somebody_still_answers(bench: Bench, door: Door) -> None:
    models = {"one": {"provider": "alpha", "tokens_per_s": 2000, "ttft_s": 0.0}}
    router = bench.router(models=models, presets={"mine": {"default": "one"}}, breaker=TRIPS_WHEN_SLOW, limits=PATIENT)
    for _ in range(4):
        await ask(door, router)
    bench.fault("*", Fault("slow", delay_s=0.3))
    calls = 0
    while router.health()["one"].state == "closed" and calls < 12:
        fell_back(await ask(door, router), "one")
        calls += 1
    assert router.health()["one"].state == "open"
    fell_back(await ask(door, router), "one")


async def test_fault_35_flapping(bench: Bench, door: Door) -> None:
    router = bench.router(**TRIPS_AT_ONCE)
    clock = on_clock(router)
    bench.fault("one", "unavailable")
    rests_s = []
    for _ in range(4):
        fell_back(await ask(door, router), "one", "two")
        rests_s.append(router.health()["one"].resting_s)
        fell_back(await ask(door, router), "two")
        clock.advance(rests_s[-1])
    assert rests_s == [5.0, 10.0, 20.0, 40.0]
    bench.simulator.clear()
    fell_back(await ask(door, router), "one")
    assert router.health()["one"].state == "closed"
    bench.fault("one", "unavailable")
    fell_back(await ask(door, router), "one", "two")
    assert router.health()["one"].resting_s == 80.0


async def half_open(bench: Bench) -> RouterChatModel:
    """Return a router whose model `one` takes its next call as a probe, which lasts a while."""
    router = bench.router(**TRIPS_AT_ONCE, limits=PATIENT)
    clock = on_clock(router)
    bench.fault("one", "unavailable", times=1)
    await router.ainvoke("hi")
    clock.advance(5.0)
    assert router.health()["one"].state == "half_open"
    bench.simulator.reset()
    bench.fault("one", Fault("slow", delay_s=0.8))
    return router


async def test_fault_36_fifty_tasks_at_half_open(bench: Bench) -> None:
    router = await half_open(bench)
    answers = await asyncio.gather(*[router.ainvoke("hi") for _ in range(50)])
    assert all(answer.text for answer in answers)
    assert bench.calls("one", "two") == [1, 49]


async def test_fault_36_fifty_threads_at_half_open(bench: Bench) -> None:
    router = await half_open(bench)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(router.invoke, ["hi"] * 50))
    assert all(answer.text for answer in answers)
    assert bench.calls("one", "two") == [1, 49]


async def test_fault_36_fifty_streams_at_half_open(bench: Bench) -> None:
    router = await half_open(bench)

    async def read() -> str:
        return "".join([chunk.text async for chunk in router.astream("hi")])

    assert all(await asyncio.gather(*[read() for _ in range(50)]))
    assert bench.calls("one", "two") == [1, 49]


async def test_fault_37_all_models_down(bench: Bench, door: Door) -> None:
    bench.fault("*", "unavailable")
    router = bench.router()
    for _ in range(8):  # until the breakers know
        await ask(door, router)
    before = bench.simulator.calls()
    asked = [await ask(door, router) for _ in range(20)]
    assert all(isinstance(one.error, AllModelsFailedError) for one in asked)
    assert bench.simulator.calls() - before <= 1.2 * len(asked)
    last = asked[-1]
    assert last.seconds < 0.5
    assert 0 < last.error.retry_after_s <= 6  # type: ignore[union-attr]
    assert "Try again in" in str(last.error)


async def test_fault_37_before_the_breakers_know_retries_are_a_share_of_requests(bench: Bench) -> None:
    bench.fault("*", "unavailable")
    router = bench.router(
        presets={"mine": {"default": "one"}}, breaker={"consecutive_failures": 1000, "min_calls": 1000}
    )
    calls = [router.ainvoke("hi") for _ in range(100)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(error, AllModelsFailedError) for error in errors)
    assert bench.simulator.calls() <= 120


@pytest.mark.parametrize("hours", [1, -1])
async def test_fault_38_the_wall_clock_jumps_an_hour(bench: Bench, door: Door, hours: int) -> None:
    now = utc_now()
    router = bench.router(**TRIPS_AT_ONCE)
    on_clock(router, wall=lambda: now)
    bench.fault("one", "unavailable")
    fell_back(await ask(door, router), "one", "two")
    now += timedelta(hours=hours)
    fell_back(await ask(door, router), "two")
    assert router.health()["one"].resting_s == 5.0
    dates = [row.at for row in rows_of(router)]
    assert (dates[-1] - dates[0]).total_seconds() == hours * 3600
    assert all(0 <= row.attempt.latency_s < 5 for row in rows_of(router))


async def test_fault_38_the_process_clock_is_monotonic(bench: Bench) -> None:
    live = live_of(bench.router())
    assert (live.clock, live.health._clock) == (time.monotonic, time.monotonic)
