"""How long to wait before a retry, and how many retries there may be."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any

from langchain_modelrouter.dispatch.forking import renew_after_fork


def full_jitter_s(attempt: int, *, base_s: float, cap_s: float, draw: float) -> float:
    """Return the pause before retry number `attempt`, in seconds.

    Args:
        attempt: 1 for the first retry.
        base_s: the upper bound of the first pause; it doubles with each retry.
        cap_s: the upper bound of all of them.
        draw: uniform in [0, 1); the caller draws it, so that a test can fix it.

    Raises:
        ValueError: `attempt` is below 1.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    if attempt < 1:
        raise ValueError(f"attempt is {attempt}; the first retry is attempt 1")
    return draw * min(cap_s, base_s * 2.0 ** min(attempt - 1, 60))


class RetryBudget:
    """Lets retries and hedges be a share of recent requests, so that an outage is not answered with a storm.

    Within the last `WINDOW_S` there may be `ratio` retries per request, and never fewer than `floor`. Thread-safe;
    memory is bounded by the window. Sources: Envoy retry budgets (20 %, at least 3), Finagle (a window of 10 s).
    """

    WINDOW_S = 10

    def __init__(self, ratio: float = 0.2, floor: int = 3, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.ratio, self.floor = ratio, floor
        self._clock = clock
        self._lock = Lock()
        self._seconds: deque[list[int]] = deque()  # [second, requests, retries], oldest first
        renew_after_fork(self)

    def note_request(self) -> None:
        """Count one request of a caller; its retries are not requests."""
        with self._lock:
            self._now()[1] += 1

    def take(self, ratio: float | None = None) -> bool:
        """Take leave for one retry or hedge; False where the budget is spent.

        Args:
            ratio: a smaller share of requests than the budget's own, without a floor.
        """
        with self._lock:
            now = self._now()
            requests, retries = (sum(second[i] for second in self._seconds) for i in (1, 2))
            allowed = max(self.floor, int(self.ratio * requests)) if ratio is None else int(ratio * requests)
            if retries >= allowed:
                return False
            now[2] += 1
            return True

    def after_fork(self) -> None:
        """Make a new lock."""
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.ratio, self.floor))  # a lock and a clock do not travel

    def _now(self) -> list[int]:
        """The counts of this second, with those of the window before it in `_seconds`."""
        second = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
            while self._seconds[0][0] <= second - self.WINDOW_S:
                self._seconds.popleft()
        return self._seconds[-1]
