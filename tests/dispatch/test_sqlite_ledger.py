"""The ledger in a file, and rows 42, 43, 44 and 49 of the fault table."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch import sqlite_ledger
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.errors import LedgerUnavailableError
from langchain_modelrouter.testing import ScriptedChatModel
from tests.dispatch.test_ledger import row
from tests.doors import Door, record

MODELS: dict[str, Any] = {
    "extends": "none",
    "preset": "mine",
    "providers": {"p": {"base_url": "http://127.0.0.1:9/v1"}},
    "models": {"one": {"provider": "p", "api_name": "one", "input_usd_per_mtok": 1, "output_usd_per_mtok": 2}},
    "presets": {"mine": {"default": "one"}},
}


def router_with(path: Path, *replies: Any, **parts: Any) -> RouterChatModel:
    """Return a router whose ledger is a file, over one scripted model."""
    model = ScriptedChatModel(replies or ["fine"], cyclic=True)
    ledger = {"path": str(path), **parts.pop("ledger", {})}
    return RouterChatModel({**MODELS, "ledger": ledger, **parts}, clients={"one": model})


def ledger_of(router: RouterChatModel) -> SqliteLedger:
    assert isinstance(router.ledger, SqliteLedger)
    return router.ledger


async def test_each_attempt_is_a_row_that_a_restart_finds(door: Door, tmp_path: Path) -> None:
    config = {"configurable": {"thread_id": "t", "run_id": "r"}, "metadata": {"user_id": "u"}}
    router = router_with(tmp_path / "x.db")
    answer = await door(router, "hi", config, route_tags=["vip"])
    router.ledger.close()
    (found,) = SqliteLedger(tmp_path / "x.db").rows()
    assert found.attempt.to_dict() == record(answer)["attempts"][0]
    assert (found.run_id, found.thread_id, found.user, found.tags) == ("r", "t", "u", ("vip",))


def test_what_is_still_running_is_no_row_yet(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "x.db")
    ledger.reserve(row("a"))
    assert ledger.rows() == []
    ledger.record(row("a"))
    assert ledger.rows() == [row("a")]
    assert _reservations(ledger.path) == 0


def test_a_reply_from_a_cache_gives_its_reservation_back(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "x.db")
    ledger.reserve(row("a"))
    ledger.flush()
    ledger.release("a", 0)
    assert (ledger.rows(), _reservations(ledger.path)) == ([], 0)


def _reservations(path: Path) -> int:
    connection = sqlite3.connect(path)
    (count,) = connection.execute("SELECT count(*) FROM reservations").fetchone()
    connection.close()
    return int(count)


def test_old_rows_go_at_the_start(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ledger = SqliteLedger(tmp_path / "x.db")
    ledger.record(row("old", at=now - timedelta(days=31)))
    ledger.record(row("new", at=now))
    ledger.close()
    assert [one.call_id for one in SqliteLedger(tmp_path / "x.db", retention_days=30).rows()] == ["new"]


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("PRAGMA user_version = 99")
    assert not SqliteLedger(tmp_path / "x.db").flush(0.3)
    assert "version 99" in caplog.text
    connection.execute("PRAGMA user_version = 0")
    connection.close()


def test_the_thread_ends_when_it_is_idle_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "IDLE_S", 0.02)
    ledger = SqliteLedger(tmp_path / "x.db")
    for number in range(5):
        ledger.record(row("a", number=number))
        time.sleep(0.08)
    assert [one.number for one in ledger.rows()] == [0, 1, 2, 3, 4]


def test_threads_together_lose_no_row(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "x.db")

    def record_many(name: str) -> None:
        for number in range(500):
            ledger.record(row(name, number=number))

    threads = [Thread(target=record_many, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ledger.rows()), ledger.dropped) == (4000, 0)


# --- faults ------------------------------------------------------------------------------------------


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no file grow once its tables are there, which is SQLite's own full disk, until the test is over."""
    opened, connections = SqliteLedger._opened, set[sqlite3.Connection]()

    def opened_on_a_full_disk(self: SqliteLedger) -> sqlite3.Connection:
        connection = opened(self)
        connection.execute("PRAGMA max_page_count = 1")
        connections.add(connection)
        return connection

    monkeypatch.setattr(SqliteLedger, "_opened", opened_on_a_full_disk)
    monkeypatch.setattr(sqlite_ledger, "LOCKED_S", 0.1)
    yield
    monkeypatch.undo()
    for connection in connections:
        connection.execute("PRAGMA max_page_count = 1000000")


@pytest.mark.usefixtures("full_disk")
async def test_42_a_full_disk_fails_no_call_and_the_drops_are_counted(
    door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    router = router_with(tmp_path / "x.db", "long " * 5000, ledger={"queue_size": 4})
    ledger = ledger_of(router)
    for number in range(60):
        ledger.record(row("filler", number=number, reason="x" * 4000))
        await asyncio.sleep(0.002)
    answer = await door(router, "hi")
    assert answer.text.startswith("long")
    assert ledger.dropped > 0
    assert "full" in caplog.text


@pytest.mark.usefixtures("full_disk")
async def test_42_a_strict_ledger_refuses_before_it_spends(door: Door, tmp_path: Path) -> None:
    router = router_with(tmp_path / "x.db", ledger={"strict": True})
    ledger = ledger_of(router)
    ledger.record(row("filler", reason="x" * 400_000))
    assert not ledger.flush(0.5)
    with pytest.raises(LedgerUnavailableError, match="full"):
        await door(router, "hi")
    client = router.engine.snapshot.live.clients.handed_in["one"]
    assert isinstance(client, ScriptedChatModel)
    assert client.calls == 0


async def test_43_a_lock_of_another_process_blocks_no_event_loop(tmp_path: Path) -> None:
    router = router_with(tmp_path / "x.db")
    await router.ainvoke("warm")
    ledger_of(router).flush()
    locker = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    try:
        slowest_s = 0.0
        for _ in range(50):
            began = time.monotonic()
            await router.ainvoke("hi")
            slowest_s = max(slowest_s, time.monotonic() - began)
        assert slowest_s < 1.0
        assert not ledger_of(router).flush(0.2)
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    assert len(await asyncio.to_thread(router.ledger.rows)) == 51


CRASH = """
import os, sys, time
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.testing import ScriptedChatModel

def crash(seconds):
    time.sleep(0.3)
    os._exit(7)

model = ScriptedChatModel(["never heard"], latency_s=1.0, sleep=crash)
config = eval(sys.argv[1])
RouterChatModel(config, clients={"one": model}).invoke("a prompt of forty characters or about so")
"""


def test_44_a_crash_before_the_row_is_written_is_reconciled_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {**MODELS, "ledger": {"path": str(tmp_path / "x.db")}}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(CRASH), repr(config)], check=False, timeout=60)
    assert done.returncode == 7
    (lost,) = SqliteLedger(tmp_path / "x.db").rows()
    assert (lost.attempt.outcome, lost.attempt.estimated) == ("lost", True)
    assert lost.attempt.cost_usd is not None
    assert lost.attempt.cost_usd > 0
    assert "booked as lost" in caplog.text
    assert len(SqliteLedger(tmp_path / "x.db").rows()) == 1


def test_44_the_reservations_of_those_who_still_run_are_left_alone(tmp_path: Path) -> None:
    mine, attempt = SqliteLedger(tmp_path / "x.db"), row("a", at=datetime.now(UTC))
    mine.reserve(attempt)
    mine.flush()
    other = SqliteLedger(tmp_path / "x.db")
    assert other.rows() == []
    mine.record(attempt)
    mine.flush()
    assert other.rows() == [attempt]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_49_a_forked_child_has_a_connection_of_its_own(tmp_path: Path) -> None:
    router = router_with(tmp_path / "x.db")
    router.invoke("parent")
    ledger_of(router).flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            router.invoke("child")
            status = 0 if ledger_of(router).flush() else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    router.invoke("parent again")
    assert len(router.ledger.rows()) == 3


def test_no_key_and_no_prompt_reaches_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    router = router_with(tmp_path / "x.db", "the answer in full")
    router.invoke("the secret prompt")
    router.ledger.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"secret prompt" not in written
    assert b"the answer" not in written
