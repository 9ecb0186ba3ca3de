"""What the simulator was asked, and how each request ended."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from langchain_modelrouter.simulator.fault import Fault
from langchain_modelrouter.simulator.http_server import Outcome

_SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request; `outcome` is `open` until it has ended."""

    provider: str
    model: str | None
    """The model's key; None where the request names none that the provider serves."""
    path: str
    headers: Mapping[str, str]
    """Names in lower case, without those that carry keys."""
    body: Any
    """The JSON that was sent; None where it was none."""
    started_s: float
    """On the simulator's clock, as all instants."""
    ended_s: float | None = None
    outcome: Outcome | Literal["open"] = "open"
    """`ok`: sent whole, status below 400. `error`: another status, or broken off. `aborted`: the client went."""
    fault: Fault | None = None


class RequestLog:
    """The latest records in the order of arrival, and counts of all; its methods may be called from any thread."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._records: dict[int, RequestRecord] = {}
        self._calls: Counter[str | None] = Counter()
        self._lock = threading.Lock()

    def begin(self, record: RequestRecord) -> int:
        """Note a request and return its number."""
        with self._lock:
            number = self._calls.total()
            self._calls[record.model] += 1
            self._records[number] = record
            if len(self._records) > self._keep:
                del self._records[next(iter(self._records))]
            return number

    def end(self, number: int, outcome: Outcome, ended_s: float) -> None:
        """Note how a request ended; the first word counts."""
        with self._lock:
            record = self._records.get(number)
            if record is not None and record.outcome == "open":
                self._records[number] = replace(record, outcome=outcome, ended_s=ended_s)

    def records(self) -> tuple[RequestRecord, ...]:
        """Return the records that are kept."""
        with self._lock:
            return tuple(self._records.values())

    def calls(self, model: str | None) -> int:
        """Return how many requests there were for a model, or altogether."""
        with self._lock:
            return self._calls.total() if model is None else self._calls[model]


def without_keys(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers by their names, without those that carry a key."""
    return {name: value for name, value in headers if name not in _SECRET_HEADERS}
