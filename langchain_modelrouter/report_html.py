"""The report as one page of HTML: its charts are inline SVG, and it loads nothing."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from langchain_modelrouter.report import Line, Report

_STYLE = """
:root { color-scheme: light dark; --bar: #3b6ea5; --faint: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.total td { font-weight: 600; }
.wide { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg rect { fill: var(--bar); } svg rect.second { fill: #c98b3b; }
"""
_COLUMNS = (
    "calls",
    "attempts",
    "tokens in",
    "tokens out",
    "cost",
    "baseline",
    "saved",
    "success",
    "fallback",
    "p50",
    "p95",
    "tokens/s",
)
_ROW_PX, _LABEL_PX, _WIDTH_PX, _VALUE_PX = 24, 220, 900, 130


def page(report: Report, *, banner: str = "") -> str:
    """Return the page.

    Args:
        report: what to show.
        banner: a line above all, such as that the traffic was simulated.
    """
    total, baseline = report.total, report.baseline_model or "no baseline"
    head = f"{total.calls:,} calls, {_usd(total.cost_usd)} spent, {_percent(total.saving)} saved against {baseline}"
    priced = [line for line in report.lines if line.cost_usd is not None]
    timed = [line for line in report.lines if line.p50_s is not None]
    costs = [(one.name, one.cost_usd, _usd(one.cost_usd), one.baseline_usd, _usd(one.baseline_usd)) for one in priced]
    latencies = [(one.name, one.p50_s, _seconds(one.p50_s), one.p95_s, _seconds(one.p95_s)) for one in timed]
    presets = [(name, usd, _usd(usd), None, "") for name, usd in report.presets.items() if usd is not None]
    charts = (
        _chart(f"Cost by {report.by}, and of the same replies on {baseline}", costs),
        _chart(f"Latency by {report.by}: median and 95th percentile", latencies),
        _chart("What each preset would have cost on these replies", presets),
    )
    rows = "".join(_row(line) for line in report.lines)
    heads = "".join(f"<th>{name}</th>" for name in (report.by, *_COLUMNS))
    note = "<p>Tokens are in part our estimate.</p>" if total.is_estimated else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Model router report</title><style>{_STYLE}</style>"
        f"{f'<p><strong>{escape(banner)}</strong></p>' if banner else ''}<h1>Model router report</h1>"
        f"<p>{escape(head)}</p>{note}"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}{_row(total, 'total')}</tbody></table></div>"
        f"{''.join(charts)}</html>\n"
    )


def _row(line: Line, kind: str = "") -> str:
    cells = (
        f"{line.calls:,}",
        f"{line.attempts:,}",
        f"{line.input_tokens:,}",
        f"{line.output_tokens:,}",
        _usd(line.cost_usd),
        _usd(line.baseline_usd),
        _percent(line.saving),
        _percent(line.success_rate),
        _percent(line.fallback_rate),
        _seconds(line.p50_s),
        _seconds(line.p95_s),
        "?" if line.tokens_per_s is None else f"{line.tokens_per_s:,.0f}",
    )
    return f'<tr class="{kind}"><td>{escape(line.name)}</td>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _chart(title: str, bars: Sequence[tuple[str, Decimal | float | None, str, Decimal | float | None, str]]) -> str:
    """Return a chart of horizontal bars, one or two for each name; nothing where there is nothing to show."""
    values = [float(value) for bar in bars for value in (bar[1], bar[3]) if value is not None]
    if not values or max(values) <= 0:
        return ""
    scale = (_WIDTH_PX - _LABEL_PX - _VALUE_PX) / max(values)
    shapes: list[str] = []
    y = 0
    for name, first, first_text, second, second_text in bars:
        shapes.append(f'<text x="0" y="{y + 15}">{escape(name)}</text>')
        for value, text, kind in ((first, first_text, "first"), (second, second_text, "second")):
            if value is None:
                continue
            width = max(1.0, float(value) * scale)
            shapes.append(f'<rect class="{kind}" x="{_LABEL_PX}" y="{y + 3}" width="{width:.1f}" height="16" rx="2"/>')
            shapes.append(f'<text x="{_LABEL_PX + width + 6:.1f}" y="{y + 15}">{escape(text)}</text>')
            y += _ROW_PX
    label = escape(title)
    return f'<h2>{label}</h2><svg viewBox="0 0 {_WIDTH_PX} {y}" role="img" aria-label="{label}">{"".join(shapes)}</svg>'


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return "?"
    if abs(amount) >= 1 or not amount:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if abs(amount) >= Decimal("0.001") else f"${amount:.2g}"


def _percent(share: Decimal | float | None) -> str:
    return "?" if share is None else f"{share * 100:.1f} %"


def _seconds(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds:.2f} s"
