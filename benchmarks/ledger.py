"""What the ledger in a file takes: rows a second, and time of calls beside the ledger in memory.

`python -m benchmarks.ledger`. The calls go over HTTP to the simulator on loopback, which adds no latency, so that what
the writer thread takes from a call is as large a part of it as it can get.
"""

import asyncio
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.timing import table, timed
from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.dispatch.ledger import Attempt, LedgerRow
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.testing import fault_server

ROWS = 100_000
CALLS = 20
"""Calls in one round."""
ROUNDS = 40

ATTEMPT = Attempt(
    model="sambanova-llama-8b",
    provider="sambanova",
    outcome="ok",
    error=None,
    latency_s=0.8,
    ttft_s=0.2,
    input_tokens=500,
    output_tokens=200,
    cached_tokens=0,
    reasoning_tokens=0,
    cost_usd=Decimal("0.000014"),
    estimated=False,
)


def rows_per_s(path: Path, rows: int = ROWS) -> float:
    """Return the rows a second that reach the file, each reserved before and recorded after; none is dropped."""
    ledger = SqliteLedger(path, queue_size=10_000)
    ledger.flush()
    made = [
        LedgerRow(
            at=datetime.now(UTC),
            call_id=f"call-{number:09d}",
            thread_id=None,
            task="classification",
            preset="mixed_optimal",
            reason="sambanova-llama-8b is the preset's first choice",
            role="reply",
            attempt=ATTEMPT,
        )
        for number in range(rows)
    ]
    start = perf_counter()
    for number, row in enumerate(made):
        if number % 1000 == 0:
            while ledger._queue.qsize() > 5_000:  # a producer that waits, as calls do for their models
                sleep(0.001)
        ledger.reserve(row)
        ledger.record(row)
    assert ledger.flush(60)
    lasted_s = perf_counter() - start
    assert ledger.dropped == 0
    assert len(ledger.rows()) == rows
    ledger.close()
    return rows / lasted_s


async def by_ainvoke(router: RouterChatModel) -> float:
    """Return the seconds of an `ainvoke`, of calls one after the other."""
    start = perf_counter()
    for _ in range(CALLS):
        await router.ainvoke("How many legs does a spider have?", task="classification")
    return (perf_counter() - start) / CALLS


async def by_ainvoke_together(router: RouterChatModel) -> float:
    """Return the seconds of an `ainvoke`, of calls all at once."""
    start = perf_counter()
    calls = [router.ainvoke("How many legs does a spider have?", task="classification") for _ in range(CALLS)]
    await asyncio.gather(*calls)
    return (perf_counter() - start) / CALLS


async def measure(folder: Path, rounds: int = ROUNDS) -> str:
    """Return the tables."""
    lines = [f"rows into SQLite\n  {rows_per_s(folder / 'rows.db'):,.0f} a second"]
    with fault_server() as (_simulator, config):
        paths = {"ledger in memory": None, "ledger in SQLite": str(folder / "calls.db")}
        routers = {
            name: RouterChatModel(RouterConfig.model_validate({**config.model_dump(), "ledger": {"path": path}}))
            for name, path in paths.items()
        }
        for title, one_round in (
            ("ainvoke over HTTP, one by one", by_ainvoke),
            (f"ainvoke over HTTP, {CALLS} at once", by_ainvoke_together),
        ):
            works = {name: partial(one_round, router) for name, router in routers.items()}
            lines.append(table(title, await timed(works, rounds=rounds)))
        routers["ledger in SQLite"].ledger.close()
    return "\n\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(measure(Path(folder))))
