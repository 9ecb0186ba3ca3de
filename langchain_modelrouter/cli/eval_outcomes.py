"""What `modelrouter eval --outcomes` says of strong-or-weak routing by difficulty."""

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path

from langchain_modelrouter.cli import render
from langchain_modelrouter.evaluation.cost_quality import Interval
from langchain_modelrouter.evaluation.json_files import read_prices
from langchain_modelrouter.evaluation.outcomes import OutcomesReport, evaluate_outcomes, read_outcomes
from langchain_modelrouter.routing.classifiers.difficulty import difficulty

SMALLEST_GROUP = 20
"""Groups with fewer prompts say nothing on their own and are shown as JSON only (ours)."""


def judged(
    files: Sequence[Path], *, weak: str | None, strong: str | None, prices: Path | None, seed: int
) -> OutcomesReport:
    """Return the measures of routing between two models by the difficulty score.

    Raises:
        ValueError: the files do not hold outcomes, or there is nothing to route between.
        OSError: a file cannot be read.
    """
    known = read_prices(prices) if prices is not None else None
    outcomes = read_outcomes(files, prices=known)
    if not outcomes:
        raise ValueError("no outcomes in it")
    return evaluate_outcomes(outcomes, score=difficulty, weak=weak, strong=strong, seed=seed)


def show(report: OutcomesReport) -> None:
    """Print the figures and the tables under them."""
    singles = [(each.model, f"{each.quality:.4f}", _usd(each.cost_usd)) for each in report.singles]
    render.table(
        ("model", "quality", "a prompt"), singles, title="One model for everything", right=("quality", "a prompt")
    )
    render.line()
    render.line(f"Routed between {report.weak} and {report.strong} by difficulty, {report.prompts:,} prompts")
    rows = [
        ("APGR", _interval(report.apgr), f"{report.random_apgr:.3f}", f"{report.length_apgr:.3f}"),
        ("CPT(50 %)", _interval(report.cpt50, percent=True), "50.0 %", "-"),
        ("CPT(80 %)", _interval(report.cpt80, percent=True), "80.0 %", "-"),
        ("AIQ", _figure(report.aiq), _figure(report.random_aiq), "-"),
        ("saving at the best quality", render.percent(report.saving), render.percent(report.random_saving), "-"),
    ]
    columns = ("measure", "by difficulty", "random", "by length")
    render.table(columns, rows, right=columns[1:])
    if len(report.groups) > 1:
        groups = [
            (
                each.group,
                each.prompts,
                f"{each.weak_quality:.3f}",
                f"{each.strong_quality:.3f}",
                _figure(each.apgr),
                _figure(each.length_apgr),
            )
            for each in report.groups
            if each.prompts >= SMALLEST_GROUP
        ]
        render.line()
        columns_of_groups = ("group", "prompts", "weak", "strong", "APGR", "by length")
        render.table(
            columns_of_groups,
            groups,
            title=f"By group of at least {SMALLEST_GROUP} prompts",
            right=columns_of_groups[1:],
        )


def _interval(value: Interval, *, percent: bool = False) -> str:
    if not isfinite(value.low):
        return f"{value.value:.1%}" if percent else f"{value.value:.3f}"
    if percent:
        return f"{value.value * 100:.1f} % ({value.low * 100:.1f} to {value.high * 100:.1f})"
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _usd(amount: float) -> str | None:
    return render.usd(Decimal(str(amount)), digits=6)
