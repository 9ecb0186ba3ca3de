from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from langchain_modelrouter.dispatch.ledger import Attempt, Ledger, LedgerRow, MemoryLedger, Window, total_usd
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger

NOON = datetime(2026, 3, 31, 12, 0, 0, 250_000, tzinfo=UTC)


def attempt(cost_usd: str | None = "0.1", **facts: Any) -> Attempt:
    plain = {
        "model": "m",
        "provider": "p",
        "outcome": "ok",
        "error": None,
        "latency_s": 0.5,
        "ttft_s": 0.1,
        "input_tokens": 3,
        "output_tokens": 4,
        "cached_tokens": 1,
        "reasoning_tokens": 2,
        "cost_usd": None if cost_usd is None else Decimal(cost_usd),
        "estimated": False,
    }
    return Attempt(**{**plain, **facts})


def row(call_id: str = "c", cost_usd: str | None = "0.1", **facts: Any) -> LedgerRow:
    made = facts.pop("attempt", None) or attempt(cost_usd)
    plain = {"at": NOON, "thread_id": None, "task": "t", "preset": "x", "reason": "why", "role": "reply"}
    return LedgerRow(call_id=call_id, attempt=made, **{**plain, **facts})


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    return MemoryLedger() if request.param == "memory" else SqliteLedger(tmp_path / "ledger.db")


def test_rows_come_back_as_they_went_in_the_oldest_first(ledger: Ledger) -> None:
    early = row("a", None, at=NOON - timedelta(days=1), run_id="r", thread_id="t", user="u", tags=("db", "vip"))
    late = row("b", "0.000000000017", attempt=attempt(ttft_s=None, error="Boom: no", outcome="error", estimated=True))
    ledger.record(early)
    ledger.record(late)
    assert ledger.rows() == [early, late]
    assert ledger.rows(NOON) == [late]


@pytest.mark.parametrize(
    ("per", "sums"),
    [
        ("day", {"2026-03-30": "0.3", "2026-03-31": "0.1"}),
        ("month", {"2026-03": "0.4"}),
        ("run", {"r": "0.3"}),
        ("thread", {"t": "0.1"}),
        ("user", {"u": "0.3"}),
        ("tag", {"db": "0.3", "vip": "0.1"}),
    ],
)
def test_sums_per_window_are_exact_and_leave_unknown_costs_out(
    ledger: Ledger, per: Window, sums: dict[str, str]
) -> None:
    yesterday = NOON - timedelta(days=1)
    ledger.record(row("a", "0.1", at=yesterday, run_id="r", user="u", tags=("db", "vip")))
    ledger.record(row("b", "0.2", at=yesterday, run_id="r", user="u", tags=("db",)))
    ledger.record(row("c", "0.1", thread_id="t"))
    ledger.record(row("d", None))
    assert ledger.spent(per) == {window: Decimal(usd) for window, usd in sums.items()}


def test_sums_can_begin_at_a_moment(ledger: Ledger) -> None:
    ledger.record(row("a", at=NOON - timedelta(days=1)))
    ledger.record(row("b"))
    assert ledger.spent("month", NOON) == {"2026-03": Decimal("0.1")}


def test_memory_keeps_the_newest_rows() -> None:
    ledger = MemoryLedger(size=2)
    for name in "abc":
        ledger.record(row(name))
    assert [one.call_id for one in ledger.rows()] == ["b", "c"]


def test_a_sum_with_an_unknown_price_is_unknown() -> None:
    assert total_usd([attempt("0.1"), attempt("0.2")]) == Decimal("0.3")
    assert total_usd([attempt("0.1"), attempt(None)]) is None
