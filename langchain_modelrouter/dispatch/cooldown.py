"""When a model rests, and for how long: the breaker of one model.

It holds no lock and reads no clock: its owner does both and tells it the time. Sources of the rules: Envoy outlier
detection (consecutive failures, growing ejections), resilience4j (share of failures and of slow calls in a
window), Polly (one probe at half-open); the figures are in FAULTS, "numbers to start from".
"""

from collections import deque
from typing import Literal

from langchain_modelrouter.dispatch.settings import BreakerConfig

State = Literal["closed", "open", "half_open"]
Why = Literal["", "failures", "slow", "retry_after"]

JITTER = 0.1
"""An open time is lengthened by up to this share, so that processes do not probe in step."""

BUCKETS = 12
"""The window moves in twelfths."""


SLOW_SPAN = 20
"""The share of slow calls is that of the last 20 in the window: a busy model must not take a minute to trip."""


class Window:
    """Calls and failures of the last `span_s` seconds, in a fixed number of buckets."""

    __slots__ = ("_buckets", "_width_s")

    def __init__(self, span_s: float) -> None:
        self._width_s = span_s / BUCKETS
        self._buckets: list[list[int]] = []  # [number, calls, failures], oldest first

    def add(self, now: float, *, failed: bool = False) -> None:
        """Count one call that ended now."""
        number = int(now / self._width_s)
        if not self._buckets or self._buckets[-1][0] != number:
            self._buckets = [bucket for bucket in self._buckets if bucket[0] > number - BUCKETS]
            self._buckets.append([number, 0, 0])
        bucket = self._buckets[-1]
        bucket[1] += 1
        bucket[2] += failed

    def totals(self, now: float) -> tuple[int, int]:
        """Return calls and failures."""
        oldest = int(now / self._width_s) - BUCKETS
        recent = [bucket for bucket in self._buckets if bucket[0] > oldest]
        return sum(b[1] for b in recent), sum(b[2] for b in recent)

    def clear(self) -> None:
        """Forget all calls."""
        self._buckets = []


class Breaker:
    """Closed, open and half-open of one model. Every instant is of one monotonic clock."""

    __slots__ = (
        "_answers",
        "_closed_at",
        "_config",
        "_consecutive",
        "_open_s",
        "_probe_at",
        "_rest_until",
        "_trips",
        "is_open",
        "why",
        "window",
    )

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self.window = Window(config.window_s)
        self._answers: deque[tuple[float, bool]] = deque(maxlen=SLOW_SPAN)
        self.why: Why = ""
        self.is_open = False
        """True from the moment it trips until a probe succeeds."""
        self._rest_until = float("-inf")
        self._probe_at: float | None = None
        self._consecutive = self._trips = 0
        self._open_s = 0.0
        self._closed_at = float("-inf")

    def configure(self, config: BreakerConfig) -> None:
        """Go by other settings from now on; a rest that has begun stays as long as it was."""
        if config.window_s != self._config.window_s:
            self.window = Window(config.window_s)
        self._config = config

    def resting_s(self, now: float) -> float:
        """Return the seconds until the model may be asked again; 0 where it may be asked."""
        return max(0.0, self._rest_until - now)

    def is_at_rest(self, now: float) -> bool:
        """True where a model does not take calls as usual: it may not be asked, or only one call may try it."""
        return self.is_open or self._rest_until > now

    def state(self, now: float) -> State:
        """Return `half_open` where the next call is a probe, or is under way."""
        if not self.is_open:
            return "closed"
        return "open" if self._rest_until > now else "half_open"

    def is_probing(self, now: float) -> bool:
        """True while the one probe is under way; one that never ends is given up after `open_max_s`."""
        return self._probe_at is not None and now - self._probe_at < self._config.open_max_s

    def admit(self, now: float) -> Literal["call", "probe"] | None:
        """Return what a call that starts now would be; None where it must not start. A probe takes the one slot."""
        if self._rest_until > now or (self.is_open and self.is_probing(now)):
            return None
        if not self.is_open:
            return "call"
        self._probe_at = now
        return "probe"

    def free_probe(self) -> None:
        """Free the slot of a probe that ended without a verdict."""
        self._probe_at = None

    def success(self, now: float, *, verdict: bool, slow: bool, draw: float) -> None:
        """Take in an answer.

        Args:
            now: the instant.
            verdict: True for a probe or a forced call: it decides about an open breaker.
            slow: True where the slow-call rule counts it.
            draw: uniform in [0, 1), for the jitter.
        """
        if self.is_open:
            if verdict and slow:
                self._open(now, "slow", draw)
            elif verdict:
                self._close(now)
            return
        self._consecutive = 0
        self.window.add(now)
        self._answers.append((now, slow))
        if slow:
            recent = [was_slow for at, was_slow in self._answers if now - at < self._config.window_s]
            if len(recent) >= self._config.min_calls and sum(recent) >= self._config.slow_share * len(recent):
                self._open(now, "slow", draw)

    def failure(self, now: float, *, verdict: bool, retry_after_s: float | None, draw: float) -> None:
        """Take in a failure that counts; `verdict` as in `success`. Retry-After is a minimum, open or closed."""
        if self.is_open:
            if verdict:
                self._open(now, "failures", draw)
        else:
            self._consecutive += 1
            self.window.add(now, failed=True)
            calls, failures = self.window.totals(now)
            too_many = calls >= self._config.min_calls and failures >= self._config.failure_ratio * calls
            if too_many or self._consecutive >= self._config.consecutive_failures:
                self._open(now, "failures", draw)
        if retry_after_s and now + retry_after_s > self._rest_until:
            self._rest_until = now + retry_after_s
            self.why = "retry_after"

    def _open(self, now: float, why: Why, draw: float) -> None:
        """Rest: twice as long as the last time, unless the model has been well for longer than that since."""
        was_well = not self.is_open and now - self._closed_at > max(self._config.window_s, self._open_s)
        self._trips = 1 if was_well else self._trips + 1
        self._open_s = min(self._config.open_max_s, self._config.open_s * 2.0 ** min(self._trips - 1, 60))
        self._rest_until = max(self._rest_until, now + self._open_s * (1.0 + JITTER * draw))
        self.is_open, self._probe_at, self.why = True, None, why

    def _close(self, now: float) -> None:
        """Let all calls pass again, with a clean record; only the open time is remembered, for a model that flaps."""
        self.is_open, self._probe_at, self.why = False, None, ""
        self._consecutive, self._closed_at, self._rest_until = 0, now, now
        self.window.clear()
        self._answers.clear()
