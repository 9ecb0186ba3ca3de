"""What the recorded traffic was, cost and would have cost: the ledger's rows, added up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any, Literal, get_args

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.config_checks import DEFAULT
from langchain_modelrouter.costs import BASELINE_MODEL
from langchain_modelrouter.dispatch.ledger import LedgerRow
from langchain_modelrouter.errors import InvalidOptionError

By = Literal["task", "model", "provider", "day"]
UNDECIDED = "(undecided)"
"""Task of a call that ended before it had one."""
HELPERS = frozenset({"classifier", "judge"})
"""Roles whose answers are not the reply."""


@dataclass(frozen=True, slots=True)
class Line:
    """One task, model, provider or day. Rates are shares; what nothing is known of is None."""

    name: str
    calls: int
    """Routed calls that had an attempt here."""
    attempts: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal | None
    """Of all attempts, failed ones and helpers included; None where a price is unknown."""
    is_estimated: bool
    """True where a part of the tokens is our estimate."""
    baseline_usd: Decimal | None
    """The tokens of the replies, on the baseline model."""
    success_rate: float | None
    """Calls that got their reply here, of those that were not cancelled."""
    fallback_rate: float | None
    """Replies that came after another model had failed."""
    p50_s: float | None
    p95_s: float | None
    """Latency of the replies, in seconds."""
    tokens_per_s: float | None
    """Output of the replies over their latency."""

    @property
    def saved_usd(self) -> Decimal | None:
        """What the baseline would have cost more."""
        return None if self.baseline_usd is None or self.cost_usd is None else self.baseline_usd - self.cost_usd

    @property
    def saving(self) -> Decimal | None:
        """What was saved, as a share of the baseline."""
        return None if self.saved_usd is None or not self.baseline_usd else self.saved_usd / self.baseline_usd


@dataclass(frozen=True, slots=True)
class Report:
    """The ledger, added up; `presets` says what each preset would have cost on the recorded replies."""

    by: By
    lines: tuple[Line, ...]
    total: Line
    baseline_model: str | None
    presets: Mapping[str, Decimal | None]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data; money stays exact."""
        return {
            "by": self.by,
            "lines": [_plain(line) for line in self.lines],
            "total": _plain(self.total),
            "baseline_model": self.baseline_model,
            "presets_usd": dict(self.presets),
        }


def report(rows: Iterable[LedgerRow], config: RouterConfig, *, by: By = "task", baseline: str | None = None) -> Report:
    """Return what the rows add up to.

    Args:
        rows: of the ledger, in any order.
        config: gives prices for what would have been.
        by: the lines to add up to.
        baseline: the model to compare with; by default `nebius-llama-405b` where the registry has it.

    Raises:
        InvalidOptionError: `by` is no kind of line.
        UnknownModelError: the registry has no model `baseline`.
    """
    if by not in get_args(By):
        raise InvalidOptionError("by", f"it is {by!r}; give one of {', '.join(get_args(By))}")
    known = config.registry
    reference = known.resolve(baseline) if baseline else known.get(BASELINE_MODEL)
    ordered = _settled(sorted(rows, key=lambda row: (row.call_id, row.number)))
    fallen_back = _fallen_back(ordered)
    groups: dict[str, list[LedgerRow]] = {}
    for row in ordered:
        groups.setdefault(_NAMES[by](row), []).append(row)
    lines = [_line(name, group, reference, fallen_back) for name, group in groups.items()]
    lines.sort(key=(lambda line: line.name) if by == "day" else _dearest_first)
    return Report(
        by=by,
        lines=tuple(lines),
        total=_line("total", ordered, reference, fallen_back),
        baseline_model=None if reference is None else reference.key,
        presets={preset: cost_on(ordered, config, preset) for preset in config.presets},
    )


def cost_on(rows: Iterable[LedgerRow], config: RouterConfig, preset: str) -> Decimal | None:
    """Return what the recorded replies would have cost on a preset, in USD; None where a price is unknown.

    It takes the first model of each task and the recorded tokens; another model may write more or fewer.

    Raises:
        UnknownPresetError: there is no preset of that name.
    """
    models, total = config.preset_models(preset), Decimal(0)
    for row in _replies(rows):
        keys = models.get(row.task) or models.get(DEFAULT)
        usd = _usd(config.registry[keys[0]], row) if keys else row.attempt.cost_usd
        if usd is None:
            return None
        total += usd
    return total


_NAMES: Mapping[By, Callable[[LedgerRow], str]] = {
    "task": lambda row: row.task,
    "model": lambda row: row.attempt.model,
    "provider": lambda row: row.attempt.provider,
    "day": lambda row: row.at.date().isoformat(),
}


def _line(name: str, rows: Sequence[LedgerRow], reference: ModelInfo | None, fallen_back: set[str]) -> Line:
    attempts = [row.attempt for row in rows]
    replies = _replies(rows)
    ended = {row.call_id for row in rows if row.role not in HELPERS and row.attempt.outcome != "cancelled"}
    costs = [attempt.cost_usd for attempt in attempts]
    latencies = sorted(row.attempt.latency_s for row in replies)
    return Line(
        name=name,
        calls=len({row.call_id for row in rows}),
        attempts=len(rows),
        input_tokens=sum(attempt.input_tokens for attempt in attempts),
        output_tokens=sum(attempt.output_tokens for attempt in attempts),
        cached_tokens=sum(attempt.cached_tokens for attempt in attempts),
        reasoning_tokens=sum(attempt.reasoning_tokens for attempt in attempts),
        cost_usd=_sum(costs),
        is_estimated=any(attempt.estimated for attempt in attempts),
        baseline_usd=None if reference is None else _sum(_usd(reference, row) for row in replies),
        success_rate=len(replies) / len(ended) if ended else None,
        fallback_rate=sum(row.call_id in fallen_back for row in replies) / len(replies) if replies else None,
        p50_s=_percentile(latencies, 0.50),
        p95_s=_percentile(latencies, 0.95),
        tokens_per_s=_rate(sum(row.attempt.output_tokens for row in replies), sum(latencies)),
    )


def _settled(ordered: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Give the attempts that asked for the task the task that their call then had."""
    tasks = {row.call_id: row.task for row in ordered if row.task}
    return [row if row.task else replace(row, task=tasks.get(row.call_id, UNDECIDED)) for row in ordered]


def _replies(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Return the attempt of each call that gave an answer; of several, as in a vote, the last."""
    found = {row.call_id: row for row in rows if row.attempt.outcome == "ok" and row.role not in HELPERS}
    return list(found.values())


def _fallen_back(ordered: Iterable[LedgerRow]) -> set[str]:
    """Return the calls that were answered after another model had failed."""
    failed: dict[str, str] = {}
    found: set[str] = set()
    for row in ordered:
        if row.role in HELPERS:
            continue
        if row.attempt.outcome == "error":
            failed.setdefault(row.call_id, row.attempt.model)
        elif row.attempt.outcome == "ok" and failed.get(row.call_id, row.attempt.model) != row.attempt.model:
            found.add(row.call_id)
    return found


def _usd(model: ModelInfo, row: LedgerRow) -> Decimal | None:
    attempt = row.attempt
    return model.cost_usd(
        attempt.input_tokens,
        attempt.output_tokens,
        cached_tokens=attempt.cached_tokens,
        reasoning_tokens=attempt.reasoning_tokens,
    )


def _sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for usd in costs:
        if usd is None:
            return None
        total += usd
    return total


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank percentile of values in ascending order."""
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None


def _dearest_first(line: Line) -> tuple[Decimal, str]:
    return (-(line.cost_usd or Decimal(0)), line.name)


def _plain(line: Line) -> dict[str, Any]:
    return {**asdict(line), "saved_usd": line.saved_usd, "saving": line.saving}
