"""A bench with a simulator, which checks after each test that nothing is left behind."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from langchain_modelrouter.dispatch.clients import Clients
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.simulator import Simulator
from tests.faults.kit import Bench, config_of, live_of, stop_following


@pytest.fixture(scope="session", autouse=True)
def loaded_client_library() -> None:
    """What is timed is calls, not the first import."""
    Clients(config_of().registry.providers).warm_up()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench; afterwards no task, thread or connection of it may be left."""
    threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
    with Simulator(config_of().registry, speed=math.inf) as simulator:
        bench = Bench(simulator)
        yield bench
        for router in bench.routers:
            live_of(router).clients.close()
            if router.engine._followed is not None:
                await asyncio.to_thread(stop_following, router.engine._followed)
            if isinstance(ledger := live_of(router).ledger, SqliteLedger):
                await asyncio.to_thread(ledger.close)
        bench.routers.clear()
        end = time.monotonic() + 3
        while is_busy(simulator) and time.monotonic() < end:  # noqa: ASYNC110  it is another thread's loop
            await asyncio.sleep(0.005)
        assert not is_busy(simulator)
        known = tasks | {asyncio.current_task()}
        # A generator that the SDK has left to the garbage collector is closed by a task of its own, one turn later.
        while asyncio.all_tasks() - known and time.monotonic() < end:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.005)
        assert asyncio.all_tasks() - known == set()
    end = time.monotonic() + 3
    while threads_beside(threads) and time.monotonic() < end:  # noqa: ASYNC110  threads tell nobody that they end
        await asyncio.sleep(0.005)
    assert threads_beside(threads) == []


def is_busy(simulator: Simulator) -> bool:
    """True while a connection is open, or an answer has not ended."""
    return simulator.open_connections > 0 or any(record.outcome == "open" for record in simulator.requests)


def threads_beside(known: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in set(threading.enumerate()) - known if "asyncio_" not in thread.name]


@pytest.fixture
def quiet_bench() -> Iterator[Bench]:
    """A bench for tests that run event loops of their own."""
    with Simulator(config_of().registry, speed=math.inf) as simulator:
        bench = Bench(simulator)
        yield bench
        for router in bench.routers:
            live_of(router).clients.close()
