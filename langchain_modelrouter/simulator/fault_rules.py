"""The faults that are set on a running simulator, and which of them hits a request."""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from langchain_modelrouter.simulator.fault import Fault


@dataclass(slots=True)
class _Rule:
    target: str
    steps: list[Fault | None]
    seen: int = 0
    hits: int = 0


@dataclass(slots=True)
class _Flapping:
    target: str
    fault: Fault
    up_s: float
    down_s: float
    since_s: float
    """The instant at which its first up time began."""

    def is_down(self, now_s: float) -> bool:
        return (now_s - self.since_s) % (self.up_s + self.down_s) >= self.up_s


@dataclass
class FaultRules:
    """What goes wrong, for whom; all its methods may be called from any thread."""

    seed: int = 0
    _rules: list[_Rule | _Flapping] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Seed the draws."""
        self._random = random.Random(self.seed)

    def add(self, target: str, fault: Fault) -> None:
        """Set a fault for the requests to `target`: a model key, an api_name, a provider or `*`."""
        with self._lock:
            self._rules.append(_Rule(target, [fault]))

    def script(self, target: str, faults: Iterable[Fault | None]) -> None:
        """Set one fault after the other, one request each; None lets a request pass."""
        with self._lock:
            self._rules.extend([_Rule(target, [*faults, None])])

    def flap(self, target: str, fault: Fault, *, up_s: float, down_s: float, now_s: float) -> None:
        """Set a fault that comes and goes: so long up from now on, then so long down, and again."""
        with self._lock:
            self._rules.append(_Flapping(target, fault, up_s, down_s, now_s))

    def clear(self, target: str | None = None) -> None:
        """Take back the faults of a target, or all of them."""
        with self._lock:
            self._rules = [rule for rule in self._rules if target is not None and rule.target != target]

    def pick(self, targets: frozenset[str], now_s: float) -> Fault | None:
        """Return the fault that hits a request to any of `targets`: the first set one that applies."""
        with self._lock:
            for rule in self._rules:
                if rule.target in targets and (fault := self._applying(rule, now_s)) is not None:
                    return fault
        return None

    def _applying(self, rule: _Rule | _Flapping, now_s: float) -> Fault | None:
        if isinstance(rule, _Flapping):
            return rule.fault if rule.is_down(now_s) else None
        rule.seen += 1
        if len(rule.steps) > 1:
            return rule.steps[min(rule.seen, len(rule.steps)) - 1]
        fault = rule.steps[0]
        if fault is None or rule.seen <= fault.after or (fault.times is not None and rule.hits >= fault.times):
            return None
        if fault.probability is not None and self._random.random() >= fault.probability:
            return None
        rule.hits += 1
        return fault
