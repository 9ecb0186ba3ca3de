"""The record of every attempt: what was asked, what came of it and what it cost."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any, Literal

AttemptOutcome = Literal["ok", "error", "cancelled"]


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
            "latency_s": round(self.latency_s, 6),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": None if self.cost_usd is None else float(self.cost_usd),
            "estimated": self.estimated,
        }


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
    """What the attempt was for: `reply`, `classifier`, `race`, `consensus`, `judge`."""
    attempt: Attempt


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

    def __init__(self, size: int = 100_000) -> None:
        self._rows: deque[LedgerRow] = deque(maxlen=size)
        self._lock = Lock()

    def record(self, row: LedgerRow) -> None:
        """Add one row; the oldest goes where there are too many."""
        with self._lock:
            self._rows.append(row)

    def rows(self) -> list[LedgerRow]:
        """Return the rows, the oldest first."""
        with self._lock:
            return list(self._rows)
