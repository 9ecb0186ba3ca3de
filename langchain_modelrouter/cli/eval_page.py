"""The pages of `modelrouter eval`: one HTML file each, inline SVG, nothing to load."""

from collections.abc import Iterable, Sequence
from html import escape
from math import isfinite

from langchain_modelrouter.cli.eval_labelled import LabelledResult
from langchain_modelrouter.evaluation.outcomes import OutcomesReport

_STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --paper: #ffffff; --hue: #1f6feb; --other: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #38414d; --paper: #14181e;
  --hue: #4c8dff; --other: #fb923c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 56rem;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .7rem; border-bottom: 1px solid var(--line);
  text-align: right; font-variant-numeric: tabular-nums; } td:first-child, th:first-child { text-align: left; }
.soft { color: var(--soft); } svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif;
  fill: var(--ink); } .axis { stroke: var(--line); } .chance { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
.curve { stroke: var(--hue); stroke-width: 2; fill: none; } .dot { fill: var(--hue); } .other { fill: var(--other); }
"""
_SIZE, _LEFT, _TOP = 360, 70, 16

Point = tuple[float, float]


def labelled_page(result: LabelledResult) -> str:
    """Return the figures, the confusion matrix and the reliability plot of a classifier."""
    metrics = result.metrics
    labels = list(metrics.confusion)
    figures = [
        ("accuracy", f"{metrics.accuracy:.3f}"),
        (f"always {result.best_single}", f"{result.best_single_accuracy:.3f}"),
        ("random", f"{result.random_accuracy:.3f}"),
        ("macro-F1", f"{metrics.macro_f1:.3f}"),
        ("expected calibration error", "not known" if metrics.ece is None else f"{metrics.ece:.3f}"),
        ("median time", f"{result.median_us:.0f} us"),
    ]
    confusion = [(label, *(metrics.confusion[label][other] for other in labels)) for label in labels]
    sources = [
        (source, each.count, f"{each.accuracy:.3f}", f"{each.macro_f1:.3f}")
        for source, each in result.by_source.items()
    ]
    changed = [(each.kind, f"{each.changed:.1%}") for each in result.perturbed]
    dots = [(each.mean_confidence, each.accuracy) for each in metrics.reliability]
    parts = [
        _table(("figure", "value"), figures),
        "<h2>Confusion</h2><p class=soft>Rows are what the prompts are, columns what they were taken for.</p>",
        _table(("", *labels), confusion),
        "<h2>Reliability</h2><p class=soft>How often answers of a confidence are right; on the dashed line the "
        "confidence is honest.</p>",
        _plot([*dots], [(0, 0), (1, 1)], x=(0, 1), y=(0, 1), names=("confidence", "right")),
        "<h2>By source</h2>" + _table(("source", "prompts", "accuracy", "macro-F1"), sources),
        "<h2>Harmless changes</h2>" + _table(("change", "decisions altered"), changed) if changed else "",
    ]
    return _page(f"Classifier {result.classifier} on {metrics.count} prompts", parts)


def outcomes_page(report: OutcomesReport) -> str:
    """Return the figures and the cost-quality curve of routing between two models."""
    priced = report.curve[-1].cost_usd > report.curve[0].cost_usd
    points = [((each.cost_usd if priced else each.strong_share), each.quality) for each in report.curve]
    singles = [(each.model, f"{each.quality:.4f}", f"{each.cost_usd:.7f}") for each in report.singles]
    figures = [
        ("APGR", *(f"{value:.3f}" for value in (report.apgr.value, report.apgr.low, report.apgr.high))),
        ("CPT(50 %)", *(f"{value:.3f}" for value in (report.cpt50.value, report.cpt50.low, report.cpt50.high))),
        ("CPT(80 %)", *(f"{value:.3f}" for value in (report.cpt80.value, report.cpt80.low, report.cpt80.high))),
    ]
    low, high = min(quality for _, quality in points), max(quality for _, quality in points)
    axis = "USD a prompt" if priced else "share of strong calls"
    parts = [
        f"<p class=soft>{report.prompts} prompts; random has an APGR of {report.random_apgr:.3f}, prompt length "
        f"{report.length_apgr:.3f}.</p>",
        _table(("measure", "value", "95 % from", "to"), figures),
        "<h2>Quality against cost</h2><p class=soft>Dashed: a random mix of the same two models.</p>",
        _plot(points, [points[0], points[-1]], x=(points[0][0], points[-1][0]), y=(low, high), names=(axis, "quality")),
        "<h2>One model for everything</h2>" + _table(("model", "quality", "USD a prompt"), singles),
    ]
    return _page(f"Routing between {report.weak} and {report.strong} by difficulty", parts)


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _plot(points: Sequence[Point], chance: Sequence[Point], *, x: Point, y: Point, names: tuple[str, str]) -> str:
    """Return a line through the points, and a dashed one for chance, over the ranges `x` and `y`."""

    def at(point: Point) -> str:
        across = (point[0] - x[0]) / ((x[1] - x[0]) or 1.0)
        up = (point[1] - y[0]) / ((y[1] - y[0]) or 1.0)
        return f"{_LEFT + _SIZE * across:.1f},{_TOP + _SIZE * (1 - up):.1f}"

    shown = [point for point in points if isfinite(point[0]) and isfinite(point[1])]
    dots = ""
    if len(shown) <= 30:
        corners = [at(point).split(",") for point in shown]
        dots = "".join(f'<circle class="dot" cx="{cx}" cy="{cy}" r="4"/>' for cx, cy in corners)
    bottom = _TOP + _SIZE
    return (
        f'<svg viewBox="0 0 {_LEFT + _SIZE + 80} {bottom + 46}" width="{_LEFT + _SIZE + 80}" role="img" '
        f'aria-label="{escape(names[1])} against {escape(names[0])}">'
        f'<path class="axis" fill="none" d="M{_LEFT},{_TOP} V{bottom} H{_LEFT + _SIZE}"/>'
        f'<polyline class="chance" points="{" ".join(map(at, chance))}"/>'
        f'<polyline class="curve" points="{" ".join(map(at, shown))}"/>{dots}'
        f'<text x="{_LEFT}" y="{bottom + 18}">{x[0]:.4g}</text>'
        f'<text x="{_LEFT + _SIZE}" y="{bottom + 18}" text-anchor="end">{x[1]:.4g}</text>'
        f'<text x="{_LEFT + _SIZE / 2}" y="{bottom + 38}" text-anchor="middle">{escape(names[0])}</text>'
        f'<text x="{_LEFT - 8}" y="{_TOP + 8}" text-anchor="end">{y[1]:.3f}</text>'
        f'<text x="{_LEFT - 8}" y="{bottom}" text-anchor="end">{y[0]:.3f}</text>'
        f'<text x="{_LEFT + 6}" y="{_TOP + 4}">{escape(names[1])}</text></svg>'
    )
