"""The ledger's tables in SQLite, and rows to and from them."""

import json
import os
import socket
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from langchain_modelrouter.dispatch.ledger import Attempt, LedgerRow, Window

VERSION = 1
"""Of the tables, in SQLite's `user_version`."""

_ATTEMPT = (
    "model",
    "provider",
    "outcome",
    "error",
    "latency_s",
    "ttft_s",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cost_usd",
    "estimated",
)
_ROW = ("call_id", "number", "at", "run_id", "thread_id", "user", "tags", "task", "preset", "reason", "role")
_COLUMNS = (*_ROW, *_ATTEMPT)

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS attempts (
    call_id TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, run_id TEXT, thread_id TEXT, user TEXT,
    tags TEXT NOT NULL, task TEXT NOT NULL, preset TEXT NOT NULL, reason TEXT NOT NULL, role TEXT NOT NULL,
    model TEXT NOT NULL, provider TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT, latency_s REAL NOT NULL,
    ttft_s REAL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL, cost_usd TEXT, estimated INTEGER NOT NULL,
    PRIMARY KEY (call_id, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempts_at ON attempts (at);
CREATE TABLE IF NOT EXISTS reservations (
    call_id TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, session TEXT NOT NULL, attempt TEXT NOT NULL,
    PRIMARY KEY (call_id, number)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_INSERT = f"INSERT OR REPLACE INTO attempts ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_RESERVE = "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)"
_RELEASE = "DELETE FROM reservations WHERE call_id = ? AND number = ?"

_LOST_AFTER = timedelta(days=1)
"""Longer than any call: a reservation of another machine, whose processes we cannot see, is lost after it."""

_WINDOWS: Mapping[Window, str] = {
    "day": "substr(at, 1, 10)",
    "month": "substr(at, 1, 7)",
    "run": "run_id",
    "thread": "thread_id",
    "user": "user",
    "tag": "value",
}


def create(connection: sqlite3.Connection) -> None:
    """Make the tables where they are missing, in write-ahead mode, so that readers and the writer never wait."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise sqlite3.DatabaseError(f"it is of version {version}, made by a newer release; this one knows {VERSION}")
    if version < VERSION:
        connection.executescript(_SCHEMA)


def write(
    connection: sqlite3.Connection,
    over: Mapping[tuple[str, int], LedgerRow | None],
    begun: Iterable[LedgerRow],
    session: str,
) -> None:
    """Write rows and reservations in one transaction.

    Args:
        over: attempts that are over, by call and number, with their rows; their reservations are released.
        begun: attempts that have only begun.
        session: whose reservations these are.
    """
    rows = [_values(row) for row in over.values() if row is not None]
    host, pid = socket.gethostname(), os.getpid()
    reserved = [
        (values[0], values[1], values[2], host, pid, session, json.dumps(values)) for values in map(_values, begun)
    ]
    with connection:
        connection.executemany(_INSERT, rows)
        connection.executemany(_RELEASE, list(over))
        connection.executemany(_RESERVE, reserved)


def reconcile(connection: sqlite3.Connection, sessions: Collection[str], now: datetime) -> int:
    """Turn the reservations of processes that have ended into rows; return how many there were.

    Args:
        sessions: those of this process that are under way.
    """
    host = socket.gethostname()
    found = connection.execute("SELECT call_id, number, at, host, pid, session, attempt FROM reservations").fetchall()
    lost = [
        (call_id, number, json.loads(attempt))
        for call_id, number, at, its_host, pid, session, attempt in found
        if (its_host == host and session not in sessions and (pid == os.getpid() or not _is_running(pid)))
        or datetime.fromisoformat(at) < now - _LOST_AFTER
    ]
    if lost:
        with connection:
            connection.executemany(_INSERT.replace("OR REPLACE", "OR IGNORE"), [values for *_, values in lost])
            connection.executemany(_RELEASE, [key for *key, _ in lost])
    return len(lost)


def forget(connection: sqlite3.Connection, before: datetime) -> None:
    """Delete the rows older than `before`."""
    with connection:
        connection.execute("DELETE FROM attempts WHERE at < ?", (_written(before),))


def read(connection: sqlite3.Connection, since: datetime | None) -> list[LedgerRow]:
    """Return the rows, the oldest first."""
    query = f"SELECT {', '.join(_COLUMNS)} FROM attempts WHERE at >= ? ORDER BY at, call_id, number"
    return [_row(values) for values in connection.execute(query, ("" if since is None else _written(since),))]


def spent(connection: sqlite3.Connection, per: Window, since: datetime | None) -> dict[str, Decimal]:
    """Return window to the exact sum of its known costs, in USD."""
    connection.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]  # None is a step, too
    column, source = _WINDOWS[per], "attempts, json_each(tags)" if per == "tag" else "attempts"
    query = f"SELECT {column}, exact_sum(cost_usd) FROM {source} WHERE at >= ? AND {column} IS NOT NULL GROUP BY 1"
    found = connection.execute(query, ("" if since is None else _written(since),))
    return {window: Decimal(total) for window, total in found}


class _ExactSum:
    """Adds decimals that are stored as text; SQLite's own sum would round them."""

    def __init__(self) -> None:
        self.total = Decimal(0)

    def step(self, value: str | None) -> None:
        if value is not None:
            self.total += Decimal(value)

    def finalize(self) -> str:
        return str(self.total)


def _values(row: LedgerRow) -> tuple[Any, ...]:
    attempt = row.attempt
    cost = None if attempt.cost_usd is None else str(attempt.cost_usd)
    return (
        row.call_id,
        row.number,
        _written(row.at),
        row.run_id,
        row.thread_id,
        row.user,
        json.dumps(row.tags) if row.tags else "[]",
        row.task,
        row.preset,
        row.reason,
        row.role,
        attempt.model,
        attempt.provider,
        attempt.outcome,
        attempt.error,
        attempt.latency_s,
        attempt.ttft_s,
        attempt.input_tokens,
        attempt.output_tokens,
        attempt.cached_tokens,
        attempt.reasoning_tokens,
        cost,
        attempt.estimated,
    )


def _row(values: Sequence[Any]) -> LedgerRow:
    facts = dict(zip(_COLUMNS, values, strict=True))
    attempt = {name: facts.pop(name) for name in _ATTEMPT}
    if attempt["cost_usd"] is not None:
        attempt["cost_usd"] = Decimal(attempt["cost_usd"])
    attempt["estimated"] = bool(attempt["estimated"])
    facts["at"] = datetime.fromisoformat(facts["at"])
    facts["tags"] = tuple(json.loads(facts["tags"]))
    return LedgerRow(**facts, attempt=Attempt(**attempt))


def _written(at: datetime) -> str:
    """Return a date as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True
