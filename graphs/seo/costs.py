"""What a run cost, by task and model, and what it would have cost on one big model."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from typing_extensions import TypedDict

from graphs.seo.ask import CallRecord
from langchain_modelrouter import ModelInfo

BASELINE_MODEL = "nebius-llama-405b"
"""The model that the saving is measured against."""


class CostRow(TypedDict):
    """All attempts of one task at one model; `calls` are those that it answered, a cost of None is not known."""

    task: str
    model: str
    provider: str
    calls: int
    attempts: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class Costs(TypedDict):
    """The part of the report that is about money; None where the catalogue lacks a price."""

    costs: list[CostRow]
    total_cost_usd: float | None
    baseline_cost_usd: float | None
    saving: float | None


def costs(calls: Iterable[CallRecord], registry: Mapping[str, ModelInfo]) -> Costs:
    """Return the cost table; an attempt counts for the model that it went to, answered or not."""
    rows: dict[tuple[str, str], CostRow] = {}
    total: Decimal | None = Decimal(0)
    for call in calls:
        for attempt in call["attempts"]:
            row = rows.setdefault((call["task"], attempt["model"]), _empty_row(call["task"], attempt))
            row["calls"] += attempt["outcome"] == "ok" and attempt["model"] == call["model"]
            row["attempts"] += 1
            row["input_tokens"] += attempt["input_tokens"]
            row["output_tokens"] += attempt["output_tokens"]
            cost_usd = _cost_usd(attempt)
            row["cost_usd"] = None if (cost := _sum(row["cost_usd"], cost_usd)) is None else float(cost)
            total = _sum(total, cost_usd)
    baseline = _baseline_usd(rows.values(), registry)
    return Costs(
        costs=list(rows.values()),
        total_cost_usd=None if total is None else float(total),
        baseline_cost_usd=None if baseline is None else float(baseline),
        saving=round(float(1 - total / baseline), 4) if baseline and total is not None else None,
    )


def _cost_usd(attempt: Mapping[str, Any]) -> Decimal | None:
    """Return what an attempt cost: nothing where no token was used, None where its model has no price."""
    if attempt["cost_usd"] is None:
        return None if attempt["input_tokens"] or attempt["output_tokens"] else Decimal(0)
    return Decimal(str(attempt["cost_usd"]))


def _sum(one: Decimal | float | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else Decimal(str(one)) + other


def _empty_row(task: str, attempt: Mapping[str, Any]) -> CostRow:
    return CostRow(
        task=task,
        model=attempt["model"],
        provider=attempt["provider"],
        calls=0,
        attempts=0,
        input_tokens=0,
        output_tokens=0,
        cost_usd=0.0,
    )


def _baseline_usd(rows: Iterable[CostRow], registry: Mapping[str, ModelInfo]) -> Decimal | None:
    if BASELINE_MODEL not in registry:
        return None
    total: Decimal | None = Decimal(0)
    for row in rows:
        total = _sum(total, registry[BASELINE_MODEL].cost_usd(row["input_tokens"], row["output_tokens"]))
    return total
