"""The live state of one model, and the frozen view of it. Its owner holds the lock and tells the time."""

from dataclasses import dataclass

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.cooldown import BUCKETS, Breaker, State, Why
from langchain_modelrouter.dispatch.failures import Failure
from langchain_modelrouter.dispatch.samples import Samples
from langchain_modelrouter.dispatch.settings import BreakerConfig
from langchain_modelrouter.dispatch.slowness import Baseline
from langchain_modelrouter.routing.decision import Signals

LONG_ANSWER_TOKENS = 500
"""What a model without a history is given the time for."""

NEVER = float("-inf")

PROBE_S = 1.0
"""How long a probe is taken to last where the model's own latency is not known."""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """How one model does, at one instant."""

    state: State
    why: Why
    """Why it rests: failures, slow answers, or because its provider asked for it; empty where it does not."""
    resting_s: float
    in_flight: int
    calls: int
    """Calls that gave an answer or a failure that counts, since the start."""
    failures: int
    p50_latency_s: float | None
    p95_latency_s: float | None
    p50_ttft_s: float | None
    p95_ttft_s: float | None
    tokens_per_s: float | None
    """Median speed of output after the first token."""
    headroom: float
    unavailable: str | None


class ModelState:
    """Breaker, latencies and counts of one model. Bounded: it grows with no number of calls."""

    __slots__ = (
        "_baseline",
        "_cached",
        "_cached_until",
        "_config",
        "_headroom",
        "_headroom_until",
        "_latency",
        "_speed",
        "_ttft",
        "breaker",
        "calls",
        "failures",
        "in_flight",
        "key",
    )

    def __init__(self, model: ModelInfo, config: BreakerConfig) -> None:
        self._config = config
        self.key = model.key
        self.breaker = Breaker(config)
        self.calls = self.failures = self.in_flight = 0
        self._baseline = Baseline(model)
        self._latency, self._ttft, self._speed = Samples(), Samples(), Samples()
        self._headroom, self._headroom_until = 1.0, NEVER
        self._cached = Signals()
        self._cached_until = NEVER

    def configure(self, config: BreakerConfig) -> None:
        """Go by other settings from now on; what has been seen stays."""
        self._config = config
        self.breaker.configure(config)

    def answered(
        self, now: float, latency_s: float, ttft_s: float | None, output_tokens: int, *, verdict: bool, draw: float
    ) -> None:
        """Take in an answer."""
        self._cached_until = NEVER
        self.calls += 1
        slow = self._baseline.takes_as_slow(
            latency_s, output_tokens, slow_ratio=self._config.slow_ratio, min_calls=self._config.min_calls
        )
        self._latency.append(latency_s)
        if ttft_s is not None:
            self._ttft.append(ttft_s)
        writing_s = latency_s - (ttft_s or 0.0)
        if output_tokens > 0 and writing_s > 0:
            self._speed.append(output_tokens / writing_s)
        self.breaker.success(now, verdict=verdict, slow=slow, draw=draw)

    def failed(self, now: float, failure: Failure, lasted_s: float, *, probe: bool, verdict: bool, draw: float) -> None:
        """Take in a failure. A caller's own deadline counts where it left the model ample time."""
        self._cached_until = NEVER
        if failure.counts or (failure.kind == "timeout" and lasted_s > self._ample_s()):
            self.calls += 1
            self.failures += 1
            self.breaker.failure(now, verdict=verdict, retry_after_s=failure.retry_after_s, draw=draw)
        elif probe:
            self.breaker.free_probe()

    def note_headroom(self, now: float, share: float, span_s: float) -> None:
        """Take in the share of the rate limit that is left, and for how long that holds."""
        self._headroom, self._headroom_until = share, now + span_s
        self.changed()

    def changed(self) -> None:
        """Drop what has been worked out before."""
        self._cached_until = NEVER

    def signals(self, now: float, unavailable: str | None) -> Signals:
        """Return what a strategy may know; worked out anew after a change, while resting and a few times a minute."""
        if now < self._cached_until and self._cached.in_flight == self.in_flight:
            return self._cached
        calls, failures = self.breaker.window.totals(now)
        self._cached = Signals(
            resting_s=self._out_of_turn_s(now),
            in_flight=self.in_flight,
            latency_s=self._latency.median,
            ttft_s=self._ttft.median,
            tokens_per_s=self._speed.median,
            failure_ratio=failures / calls if calls else 0.0,
            headroom=self._headroom if now < self._headroom_until else 1.0,
            unavailable=unavailable,
        )
        self._cached_until = now if self._cached.resting_s else now + self._config.window_s / BUCKETS
        if now < self._headroom_until:
            self._cached_until = min(self._cached_until, self._headroom_until)
        return self._cached

    def snapshot(self, now: float, unavailable: str | None) -> ModelHealth:
        """Return everything, frozen."""
        resting_s = self.breaker.resting_s(now)
        return ModelHealth(
            state=self.breaker.state(now),
            why=self.breaker.why if resting_s or self.breaker.is_open else "",
            resting_s=resting_s,
            in_flight=self.in_flight,
            calls=self.calls,
            failures=self.failures,
            p50_latency_s=self._latency.median,
            p95_latency_s=self._latency.percentile(0.95),
            p50_ttft_s=self._ttft.median,
            p95_ttft_s=self._ttft.percentile(0.95),
            tokens_per_s=self._speed.median,
            headroom=self._headroom if now < self._headroom_until else 1.0,
            unavailable=unavailable,
        )

    def _ample_s(self) -> float:
        """The seconds after which a call without an answer has failed, however long the answer would have been."""
        usual_s = self._latency.median or self._baseline.nominal_s(LONG_ANSWER_TOKENS)
        return self._config.slow_ratio * usual_s

    def _out_of_turn_s(self, now: float) -> float:
        """The rest that is left; while a probe is under way, the time that it is likely to take."""
        resting_s = self.breaker.resting_s(now)
        if not resting_s and self.breaker.is_open and self.breaker.is_probing(now):
            return self._latency.median or PROBE_S
        return resting_s
