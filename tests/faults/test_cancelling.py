"""Rows 45, 47, 48 and 49: cancelled in mid-call, event loops that end, threads beside them, and a fork."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from typing import cast

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.health import Health
from langchain_modelrouter.dispatch.ledger import MemoryLedger
from langchain_modelrouter.testing import FakeClock
from tests.doors import by_ainvoke
from tests.faults.kit import Asked, Bench, ask, fell_back, live_of, rows_of


async def until_asked(bench: Bench) -> None:
    while not bench.simulator.calls():  # noqa: ASYNC110  it is another thread's loop
        await asyncio.sleep(0.005)


async def until_closed(bench: Bench) -> None:
    """Wait until the provider has noticed that its caller is gone."""
    end = time.monotonic() + 3
    while any(record.outcome == "open" for record in bench.simulator.requests) and time.monotonic() < end:  # noqa: ASYNC110  as above
        await asyncio.sleep(0.005)
    assert [record.outcome for record in bench.simulator.requests] == ["aborted"]


def only_attempt_was_cancelled(router: RouterChatModel) -> None:
    (row,) = rows_of(router)
    assert row.attempt.outcome == "cancelled"
    assert row.attempt.estimated
    assert row.attempt.input_tokens > 0
    assert router.health()["one"].in_flight == 0
    assert router.health()["one"].failures == 0


async def test_fault_45_cancelled_in_mid_call(bench: Bench) -> None:
    bench.fault("*", "no_reply")
    router = bench.router()
    call = asyncio.create_task(router.ainvoke("hi"))
    await until_asked(bench)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until_closed(bench)
    only_attempt_was_cancelled(router)


async def read(chunks: AsyncIterator[AIMessageChunk]) -> None:
    async for _ in chunks:
        pass


@pytest.mark.parametrize("fault", ["hang_after_role", "hang_after_content"])
async def test_fault_45_cancelled_in_a_stream(bench: Bench, fault: str) -> None:
    bench.fault("*", fault)
    router = bench.router(limits={"ttft_timeout_s": 5, "idle_timeout_s": 5})
    call = asyncio.create_task(read(router.astream("hi")))
    await until_asked(bench)
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until_closed(bench)
    only_attempt_was_cancelled(router)


async def test_fault_45_a_stream_that_nobody_reads_to_its_end(bench: Bench) -> None:
    bench.fault("*", "hang_after_content")
    router = bench.router()
    async with aclosing(router.astream("hi")) as chunks:  # type: ignore[type-var]
        assert (await anext(chunks)) is not None
    await until_closed(bench)
    only_attempt_was_cancelled(router)


async def test_fault_45_a_blocking_stream_that_nobody_reads_to_its_end(bench: Bench) -> None:
    bench.fault("*", "hang_after_content")
    router = bench.router()
    chunks = router.stream("hi")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    await until_closed(bench)
    only_attempt_was_cancelled(router)


async def test_fault_45_a_cancelled_probe_frees_its_slot(bench: Bench) -> None:
    router = bench.router(breaker={"consecutive_failures": 1}, retry={"same_model": 0})
    clock, snapshot = FakeClock(), router.engine.snapshot
    health = Health(snapshot.config.breaker, clock=clock, draw=lambda: 0.0)
    router.engine._snapshot = replace(snapshot, live=replace(snapshot.live, health=health))
    bench.fault("one", "unavailable", times=1)
    await router.ainvoke("hi")
    clock.advance(5.0)
    bench.simulator.reset()
    bench.fault("one", "no_reply", times=1)
    probe = asyncio.create_task(router.ainvoke("hi"))
    await until_asked(bench)
    fell_back(await ask_beside(router), "two")
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    fell_back(await ask(by_ainvoke, router), "one")
    assert router.health()["one"].state == "closed"


async def ask_beside(router: RouterChatModel) -> Asked:
    """Ask while another call is under way."""
    before = len(rows_of(router))
    answer = await router.ainvoke("hi")
    return Asked(answer, None, tuple(rows_of(router)[before:]), 0.0)


def test_fault_47_event_loop_closed_and_a_new_one_used(quiet_bench: Bench) -> None:
    router = quiet_bench.router()

    async def both() -> None:
        fell_back(await ask(by_ainvoke, router), "one")
        await read(router.astream("hi"))

    for _ in range(3):
        asyncio.run(both())
    assert {row.attempt.outcome for row in rows_of(router)} == {"ok"}
    assert len(rows_of(router)) == 6


def test_fault_47_a_loop_that_ends_in_mid_stream(quiet_bench: Bench) -> None:
    router = quiet_bench.router()

    async def begin() -> None:
        await anext(router.astream("hi"))

    asyncio.run(begin())
    asyncio.run(read(router.astream("hi")))
    assert [row.attempt.outcome for row in rows_of(router)] == ["cancelled", "ok"]


async def test_fault_48_threads_and_async_mixed(bench: Bench) -> None:
    router = bench.router(limits={"ttft_timeout_s": 5}, breaker={"slow_ratio": 1000})

    def in_a_thread(number: int) -> None:
        for _ in range(5):
            if number % 3 == 0:
                assert router.invoke("hi").text
            elif number % 3 == 1:
                assert "".join(chunk.text for chunk in router.stream("hi"))
            else:
                assert asyncio.run(router.ainvoke("hi")).text

    with ThreadPoolExecutor(12) as pool:
        threads = [asyncio.get_running_loop().run_in_executor(pool, in_a_thread, number) for number in range(12)]
        here = [router.ainvoke("hi") for _ in range(40)]
        await asyncio.gather(*threads, *here)
    health = router.health()["one"]
    assert (health.calls, health.failures, health.in_flight) == (100, 0, 0)
    assert len(rows_of(router)) == bench.simulator.calls() == 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fault_49_fork_after_use(quiet_bench: Bench) -> None:
    router = quiet_bench.router()
    assert router.invoke("hi").text
    asyncio.run(router.ainvoke("hi"))
    live, thread = live_of(router), RunnableConfig(configurable={"thread_id": "t"})
    held = [router.engine._lock, live.health._lock, live.clients._lock, cast(MemoryLedger, live.ledger)._lock]
    for lock in held:
        lock.acquire()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            good = router.invoke("hi", thread).text and asyncio.run(router.ainvoke("hi", thread)).text
            code = 0 if good else 2
        finally:
            os._exit(code)
    for lock in held:
        lock.release()
    assert waited(child) == 0
    assert router.invoke("hi").text
    assert {record.outcome for record in quiet_bench.simulator.requests} == {"ok"}


def waited(child: int) -> int | None:
    """Return the exit code of a child, None where it does not end."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None
