"""The record of every attempt: what was asked, what came of it and what it cost."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any, Literal, Protocol

from langchain_modelrouter.dispatch.caller import Caller
from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.quick import quick

AttemptOutcome = Literal["ok", "error", "cancelled", "lost"]
"""`lost`: the process ended before the attempt did; what it cost is our estimate."""

Window = Literal["run", "thread", "day", "month", "tag", "user"]
"""What a budget adds up over."""


@quick
@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to one model, when it was over."""

    model: str
    provider: str
    outcome: AttemptOutcome
    error: str | None
    """`class: short text`; never a prompt, a completion or a key."""
    latency_s: float
    ttft_s: float | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None
    """None where the model's price is unknown."""
    estimated: bool
    """True where the provider gave no usage and the tokens are our estimate."""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as `response_metadata["model_router"]["attempts"]` shows it."""
        return {
            "model": self.model,
            "provider": self.provider,
            "outcome": self.outcome,
            "error": self.error,
            "latency_s": self.latency_s,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": None if self.cost_usd is None else float(self.cost_usd),
            "estimated": self.estimated,
        }


@quick
@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One attempt with the call it belongs to."""

    at: datetime
    """Wall-clock time at the end of the attempt, in UTC."""
    call_id: str
    thread_id: str | None
    task: str
    preset: str
    reason: str
    role: str
    """What the attempt was for: `reply`, `classifier`, `race`, `hedge`, `consensus`, `judge`."""
    attempt: Attempt
    number: int = 0
    """Of the attempt within its call, in the order in which they began."""
    run_id: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()


def windows_of(per: Window, at: datetime, caller: Caller, tags: Sequence[str]) -> Sequence[str]:
    """Return the windows of one kind that a call falls into: its day, its user, each of its tags."""
    match per:
        case "day":
            return (at.date().isoformat(),)
        case "month":
            return (f"{at:%Y-%m}",)
        case "tag":
            return tags
    window = {"run": caller.run_id, "thread": caller.thread_id, "user": caller.user}[per]
    return () if window is None else (window,)


class Ledger(Protocol):
    """Where the record of every attempt goes."""

    reserves: bool
    """True where `reserve` does something."""

    def reserve(self, row: LedgerRow) -> None:
        """Take note that an attempt begins: `row` is what stands if the process ends before the attempt does."""
        ...

    def record(self, row: LedgerRow) -> None:
        """Add one row; it never blocks and never fails a call."""
        ...

    def release(self, call_id: str, number: int) -> None:
        """Take a reservation back: the attempt was none, such as a reply from a cache."""
        ...

    def rows(self, since: datetime | None = None) -> list[LedgerRow]:
        """Return the rows, the oldest first. It may read a file."""
        ...

    def spent(self, per: Window, since: datetime | None = None) -> dict[str, Decimal]:
        """Return window to the sum of its known costs, in USD. It may read a file."""
        ...

    def refusal(self) -> str | None:
        """Return why no call may be made: a strict ledger cannot record it. None where one may."""
        ...

    def close(self) -> None:
        """Write what is waiting to be written. What is recorded later is still recorded."""
        ...


def total_usd(attempts: Sequence[Attempt]) -> Decimal | None:
    """Return what the attempts cost together, in USD; None where a price is unknown."""
    total = Decimal(0)
    for attempt in attempts:
        if attempt.cost_usd is None:
            return None
        total += attempt.cost_usd
    return total


class MemoryLedger:
    """The newest rows, in memory. Thread-safe."""

    reserves = False

    def __init__(self, size: int = 100_000) -> None:
        self._rows: deque[LedgerRow] = deque(maxlen=size)
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock; the rows so far are the child's too."""
        self._lock = Lock()

    def reserve(self, row: LedgerRow) -> None:
        """Do nothing: memory ends with the process."""

    def release(self, call_id: str, number: int) -> None:
        """Do nothing: there is no reservation."""

    def record(self, row: LedgerRow) -> None:
        """Add one row; the oldest goes where there are too many."""
        with self._lock:
            self._rows.append(row)

    def rows(self, since: datetime | None = None) -> list[LedgerRow]:
        """Return the rows, the oldest first."""
        with self._lock:
            rows = list(self._rows)
        return rows if since is None else [row for row in rows if row.at >= since]

    def spent(self, per: Window, since: datetime | None = None) -> dict[str, Decimal]:
        """Return window to the sum of its known costs, in USD."""
        sums: dict[str, Decimal] = {}
        for row in self.rows(since):
            caller = Caller(row.run_id, row.thread_id, row.user)
            for window in windows_of(per, row.at, caller, row.tags):
                sums[window] = sums.get(window, Decimal(0)) + (row.attempt.cost_usd or 0)
        return sums

    def refusal(self) -> None:
        """Return None: memory takes any row."""
        return

    def close(self) -> None:
        """Do nothing: there is nothing to write."""
