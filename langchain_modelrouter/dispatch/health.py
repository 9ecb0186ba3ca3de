"""What is known about each model just now: does it rest, how fast is it, how many calls are under way.

One lock, one monotonic clock, bounded memory; what leaves is frozen.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Any

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.failures import Failure
from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.dispatch.model_health import ModelHealth, ModelState
from langchain_modelrouter.dispatch.rate_limits import headroom
from langchain_modelrouter.dispatch.settings import BreakerConfig
from langchain_modelrouter.routing.decision import Signals

CREDENTIAL_REST_S = 3600.0
"""A refused credential is tried again after an hour, for quotas refill and keys are repaired; a reload is sooner."""

UNKNOWN = Signals()


class Permit:
    """Leave for one call. Exactly one of `succeeded`, `failed` and `cancelled` ends it; later ones do nothing."""

    __slots__ = ("_health", "_is_over", "_started", "_state", "_verdict", "probe")

    def __init__(self, health: "Health", state: ModelState, *, started: float, probe: bool, verdict: bool) -> None:
        self._health, self._state, self._started, self._verdict = health, state, started, verdict
        self._is_over = False
        self.probe = probe
        """True for the one call that tries a model after its rest."""

    def succeeded(self, latency_s: float, ttft_s: float | None = None, output_tokens: int = 0) -> None:
        """Report an answer."""
        with self._health._lock:
            if self._end():
                now, draw = self._health._clock(), self._health._draw()
                self._state.answered(now, latency_s, ttft_s, output_tokens, verdict=self._verdict, draw=draw)
                if self._health._unwell or self._state.breaker.is_open:
                    self._health._look_after(self._state, now)

    def failed(self, failure: Failure) -> None:
        """Report a failure; one that does not count frees a probe's slot without a verdict."""
        with self._health._lock:
            if self._end():
                now, draw = self._health._clock(), self._health._draw()
                lasted_s = now - self._started
                self._state.failed(now, failure, lasted_s, probe=self.probe, verdict=self._verdict, draw=draw)
                self._health._look_after(self._state, now)

    def cancelled(self) -> None:
        """Report that the caller lost interest: it says nothing about the model."""
        with self._health._lock:
            if self._end() and self.probe:
                self._state.breaker.free_probe()

    def _end(self) -> bool:
        if self._is_over:
            return False
        self._is_over = True
        self._state.in_flight -= 1
        return True


class Health:
    """The live state of all models of one router. Thread-safe; a fork starts without calls under way."""

    def __init__(
        self,
        config: BreakerConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._config = config or BreakerConfig()
        self._clock, self._draw = clock, draw
        self._lock = Lock()
        self._states: dict[str, ModelState] = {}
        self._unwell: set[str] = set()
        self._models_out: dict[str, str] = {}
        self._credentials_out: dict[str, tuple[str, float]] = {}  # reason, until
        renew_after_fork(self)

    def admit(self, model: ModelInfo, *, force: bool = False) -> Permit | None:
        """Return leave to call `model`; None while it rests or its one probe is under way.

        Args:
            model: the model to call.
            force: call it although it rests.
        """
        with self._lock:
            state = self._states.get(model.key)
            if state is None:
                state = self._states[model.key] = ModelState(model, self._config)
            now = self._clock()
            entry = state.breaker.admit(now)
            if entry is None and not force:
                return None
            state.in_flight += 1
            verdict = state.breaker.is_open
            return Permit(self, state, started=now, probe=entry == "probe", verdict=verdict)

    @property
    def is_anyone_unwell(self) -> bool:
        """True while a model or a credential may be resting or out."""
        return bool(self._unwell or self._models_out or self._credentials_out)

    def _look_after(self, state: ModelState, now: float) -> None:
        """Keep in mind the models that do not take calls as usual, until a call to one of them has gone well."""
        if not state.breaker.is_at_rest(now):
            self._unwell.discard(state.key)
        elif state.key in self._states:
            self._unwell.add(state.key)

    def signals(self, key: str) -> Signals:
        """Return what a strategy may know about a model. Cheap: one shared value for a model without a history."""
        if key not in self._states and key not in self._models_out:
            return UNKNOWN
        with self._lock:
            state, out = self._states.get(key), self._models_out.get(key)
            if state is None:
                return Signals(unavailable=out)
            return state.signals(self._clock(), out)

    def credential_out(self, credential: str, reason: str) -> None:
        """Take a credential out: its provider refused it, or its quota is used up."""
        with self._lock:
            self._credentials_out[credential] = (reason, self._clock() + CREDENTIAL_REST_S)

    def model_out(self, key: str, reason: str) -> None:
        """Take a model out until the next reload: its provider does not know it."""
        with self._lock:
            self._models_out[key] = reason
            if key in self._states:
                self._states[key].changed()

    def unavailable(self, model: ModelInfo, credential: str | None = None) -> str | None:
        """Return why `model` cannot be asked at all with this credential; None where it can."""
        if not self._models_out and not self._credentials_out:
            return None
        with self._lock:
            reason, until = self._credentials_out.get(credential or "", ("", 0.0))
            if reason and until <= self._clock():
                del self._credentials_out[credential or ""]
                reason = ""
            return self._models_out.get(model.key) or reason or None

    def on_reload(self, keys: Iterable[str], config: BreakerConfig | None = None) -> None:
        """Ask again what a reload may have mended, and forget the models that are not among `keys`.

        Args:
            keys: the models that there are now.
            config: what holds from now on, where that has changed.
        """
        with self._lock:
            kept = frozenset(keys)
            self._states = {key: state for key, state in self._states.items() if key in kept}
            self._unwell &= kept
            if config is not None:
                self._config = config
            for state in self._states.values():
                state.configure(self._config)
                state.changed()
            self._models_out.clear()
            self._credentials_out.clear()

    def retry_after_s(self, keys: Iterable[str]) -> float | None:
        """Return the seconds until the first of these models may be asked; None where one may be asked now."""
        with self._lock:
            now = self._clock()
            states = [self._states.get(key) for key in keys if key not in self._models_out]
            rests = [state.breaker.resting_s(now) if state else 0.0 for state in states]
            return min(rests, default=0.0) or None

    def is_only_slow(self, key: str) -> bool:
        """True where a model rests, and only because it has been slow."""
        with self._lock:
            state = self._states.get(key)
            return state is not None and state.breaker.why == "slow"

    def note_headers(self, key: str, headers: Mapping[str, str]) -> None:
        """Take in what a response's headers say about the rate limit; their names in lower case."""
        left = headroom(headers)
        with self._lock:
            if left is not None and key in self._states:
                self._states[key].note_headroom(self._clock(), *left)

    def snapshot(self) -> Mapping[str, ModelHealth]:
        """Return the health of every model that has been called, by key."""
        with self._lock:
            now = self._clock()
            return MappingProxyType(
                {key: state.snapshot(now, self._models_out.get(key)) for key, state in self._states.items()}
            )

    def after_fork(self) -> None:
        """Make a new lock, and forget the calls that only the parent will end."""
        self._lock = Lock()
        for state in self._states.values():
            state.in_flight = 0
            state.breaker.free_probe()
            state.changed()

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._config,))  # live state, a lock and a clock do not travel
