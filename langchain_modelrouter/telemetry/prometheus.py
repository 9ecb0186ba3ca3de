"""Prometheus: counters over all attempts since the start, as text. Serve `text()` wherever you serve metrics.

metrics = PrometheusMetrics()
router.listen(metrics.count)
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from threading import Lock

from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.dispatch.ledger import LedgerRow
from langchain_modelrouter.telemetry import names

Labels = tuple[tuple[str, str], ...]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class PrometheusMetrics:
    """Counts attempts, tokens, cost and latency by task, model and provider. Thread-safe."""

    def __init__(self) -> None:
        self._attempts: defaultdict[Labels, int] = defaultdict(int)
        self._tokens: defaultdict[Labels, int] = defaultdict(int)
        self._cost: defaultdict[Labels, Decimal] = defaultdict(Decimal)
        self._unpriced: defaultdict[Labels, int] = defaultdict(int)
        self._buckets: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * (len(names.SECONDS_BUCKETS) + 1))
        self._seconds: defaultdict[Labels, float] = defaultdict(float)
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock; a child goes on from its parent's counts."""
        self._lock = Lock()

    def count(self, row: LedgerRow) -> None:
        """Add one attempt."""
        attempt = row.attempt
        labels = (("model", attempt.model), ("provider", attempt.provider), ("task", row.task))
        with self._lock:
            self._attempts[(*labels, ("outcome", attempt.outcome), ("role", row.role))] += 1
            self._tokens[(*labels, ("direction", "input"))] += attempt.input_tokens
            self._tokens[(*labels, ("direction", "output"))] += attempt.output_tokens
            if attempt.cost_usd is None:
                self._unpriced[labels] += 1
            else:
                self._cost[labels] += attempt.cost_usd
            self._buckets[labels[:2]][bisect_left(names.SECONDS_BUCKETS, attempt.latency_s)] += 1
            self._seconds[labels[:2]] += attempt.latency_s

    def text(self) -> str:
        """Return all counts in Prometheus' text format 0.0.4."""
        with self._lock:
            return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        counters = (
            (names.PROM_ATTEMPTS, "Attempts by outcome and role.", self._attempts),
            (names.PROM_TOKENS, "Tokens, in part estimated.", self._tokens),
            (names.PROM_COST, "Cost in USD of attempts whose price is known.", self._cost),
            (names.PROM_UNPRICED, "Attempts whose price is unknown.", self._unpriced),
        )
        for name, words, values in counters:
            yield f"# HELP {name} {words}"
            yield f"# TYPE {name} counter"
            yield from (f"{name}{_braced(labels)} {value}" for labels, value in sorted(values.items()))
        name = names.PROM_LATENCY
        yield f"# HELP {name} Duration of attempts."
        yield f"# TYPE {name} histogram"
        for labels, buckets in sorted(self._buckets.items()):
            reached = 0
            for bound, count in zip((*names.SECONDS_BUCKETS, "+Inf"), buckets, strict=True):
                reached += count
                yield f"{name}_bucket{_braced((*labels, ('le', str(bound))))} {reached}"
            yield f"{name}_sum{_braced(labels)} {self._seconds[labels]}"
            yield f"{name}_count{_braced(labels)} {reached}"


def _braced(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
