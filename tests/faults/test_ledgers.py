"""Rows 42-44: the ledger's file cannot be written, is locked, or the process ends between answer and row."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch import sqlite_ledger
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.errors import LedgerUnavailableError
from tests.doors import DOORS, Door
from tests.faults.kit import Bench, live_of

MakeRoom = Callable[[SqliteLedger], None]


def ledger_of(router: RouterChatModel) -> SqliteLedger:
    return cast(SqliteLedger, live_of(router).ledger)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for the ledger, whose writer gives up soon."""
    for name, seconds in (("LOCKED_S", 0.5), ("IDLE_S", 0.05), ("RETRY_S", 0.05)):
        monkeypatch.setattr(sqlite_ledger, name, seconds)
    return tmp_path / "ledger.db"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> MakeRoom:
    """Let SQLite say that the disk is full, as it does where a file may not grow; gives what ends that."""
    connect, is_full = SqliteLedger._connect, True

    def connect_to_full(ledger: SqliteLedger) -> sqlite3.Connection:
        connection = connect(ledger)
        if is_full:
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    def make_room(ledger: SqliteLedger) -> None:
        nonlocal is_full
        is_full = False
        ledger.close()

    monkeypatch.setattr(SqliteLedger, "_connect", connect_to_full)
    return make_room


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a ledger, as another process would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_fault_42_disk_full_under_the_ledger(bench: Bench, door: Door, path: Path, full_disk: MakeRoom) -> None:
    router = bench.router(ledger={"path": path, "queue_size": 4})
    began = time.monotonic()
    for _ in range(12):
        assert (await door(router, "hi")).text
    assert time.monotonic() - began < 3
    ledger = ledger_of(router)
    assert ledger.dropped > 0
    await asyncio.to_thread(full_disk, ledger)


async def test_fault_42_strict_mode_refuses_before_spending(
    bench: Bench, door: Door, path: Path, full_disk: MakeRoom
) -> None:
    router = bench.router(ledger={"path": path, "strict": True})
    with pytest.raises(LedgerUnavailableError, match="full"):
        await door(router, "hi")
    assert bench.simulator.calls() == 0
    await asyncio.to_thread(full_disk, ledger_of(router))


async def test_fault_43_ledger_locked_by_another_process(bench: Bench, path: Path) -> None:
    router = bench.router(ledger={"path": path})
    assert (await router.ainvoke("hi")).text
    ledger = ledger_of(router)
    await asyncio.to_thread(ledger.flush)
    longest_s, over = 0.0, False

    async def watch() -> None:
        nonlocal longest_s
        while not over:
            before = time.monotonic()
            await asyncio.sleep(0.002)
            longest_s = max(longest_s, time.monotonic() - before)

    watching = asyncio.create_task(watch())
    with locked(path):
        for _ in range(5):
            assert (await router.ainvoke("hi")).text
            assert "".join([chunk.text async for chunk in router.astream("hi")])
        await asyncio.sleep(0.3)
    over = True
    await watching
    assert longest_s < 0.25
    assert len(await asyncio.to_thread(ledger.rows)) == 11
    assert ledger.dropped == 0
    await asyncio.to_thread(ledger.close)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("door", DOORS)
def test_fault_44_crash_between_answer_and_ledger_write(quiet_bench: Bench, door: Door, path: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(crash(quiet_bench.config(ledger={"path": path}), door))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    router = quiet_bench.router(ledger={"path": path})
    ledger = ledger_of(router)
    assert router.invoke("hi").text
    lost, good = ledger.rows()
    assert (lost.attempt.outcome, lost.attempt.model, good.attempt.outcome) == ("lost", "one", "ok")
    assert lost.attempt.estimated
    assert lost.attempt.input_tokens > 0
    assert lost.attempt.cost_usd
    ledger.close()


async def crash(config: Any, door: Door) -> None:
    """Make a call whose answer comes, and end the process before its row is written."""
    router = RouterChatModel(config)
    ledger = ledger_of(router)

    def record(row: Any) -> None:
        ledger.flush()  # the reservation is in the file, the row never comes to be
        os._exit(9)

    ledger.record = record  # type: ignore[method-assign]
    await door(router, "hi")
