"""The report of the SEO pipeline as text for a terminal or a pipe."""

import textwrap
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from langchain_modelrouter.cli import render
from langchain_modelrouter.costs import BASELINE_MODEL

_WIDTH = 80


def show_report(report: dict[str, Any], registry: Mapping[str, Any]) -> None:
    """Print what was found, what to do about it, and what it cost."""
    gap = report["gap_analysis"]
    render.line(f"{report['keyword']}: {report['target']}")
    if report["simulated"]:
        render.line("SIMULATED: figures are counted on the pages; topics, summary and advice are stand-ins.")
    render.line()
    rows = [
        (
            render.short(page["title"] or page["url"], 40),
            page["word_count"],
            len(page["headings"]),
            render.short(", ".join(page["keywords"]), 22 if render.is_narrow() else 44),
        )
        for page in report["pages"]
    ]
    if rows:
        render.table(("page", "words", "headings", "keywords"), rows, title="Pages", right=("words", "headings"))
    if gap["coverage"] is not None:
        render.line()
        render.facts(
            [
                ("covers", f"{gap['coverage']:.0%} of the competitors' terms"),
                ("words", f"competitors have {gap['word_count_gap']:+} on average"),
                ("missing", ", ".join(gap["missing_keywords"][:8]) or "nothing"),
            ]
        )
    for number, item in enumerate(report["recommendations"], start=1):
        render.line(f"\n{number}. {item['title']} ({item['priority']} priority, {item['effort']} effort)")
        render.line(textwrap.fill(item["description"], _WIDTH, initial_indent="   ", subsequent_indent="   "))
    render.line()
    show_costs(report, registry)


def show_costs(report: dict[str, Any], registry: Mapping[str, Any]) -> None:
    """Print what each task cost, beside the same tokens on the big model."""
    rows: list[tuple[Any, ...]] = [
        (
            row["task"],
            row["model"],
            row["provider"],
            row["attempts"],
            f"{row['input_tokens'] + row['output_tokens']:,}",
            _usd(row["cost_usd"]),
            _usd(_on_baseline(row, registry)),
            _saved(row["cost_usd"], _on_baseline(row, registry)),
        )
        for row in report["costs"]
    ]
    attempts = sum(row["attempts"] for row in report["costs"])
    tokens = sum(row["input_tokens"] + row["output_tokens"] for row in report["costs"])
    total, baseline = report["total_cost_usd"], report["baseline_cost_usd"]
    rows.append(("total", "", "", attempts, f"{tokens:,}", _usd(total), _usd(baseline), _saved(total, baseline)))
    columns = ["task", "model", "provider", "attempts", "tokens", "cost", "on 405B", "saved"]
    if render.is_narrow():  # the keys of models begin with their provider
        columns, rows = [*columns[:2], "tries", *columns[4:]], [(*row[:2], *row[3:]) for row in rows]
    title = f"Cost, and the same tokens on {BASELINE_MODEL}" if BASELINE_MODEL in registry else "Cost"
    render.table(columns, rows, title=title, right=columns[-5:])


def _on_baseline(row: dict[str, Any], registry: Mapping[str, Any]) -> float | None:
    if BASELINE_MODEL not in registry:
        return None
    cost = registry[BASELINE_MODEL].cost_usd(row["input_tokens"], row["output_tokens"])
    return None if cost is None else float(cost)


def _saved(cost: float | None, baseline: float | None) -> str | None:
    if baseline == 0:
        return "-"
    return None if cost is None or baseline is None else render.percent(1 - cost / baseline)


def _usd(amount: float | None) -> str | None:
    return None if amount is None else render.usd(Decimal(str(amount)), digits=6)
