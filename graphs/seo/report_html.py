"""The report as one HTML file that opens offline; everything that came from a page or a model is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from graphs.seo.charts import bars, heat_map, page_name

_STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --paper: #ffffff; --hue: #1f6feb; --own: #c2410c;
  --warn: #fff3cd; --warn-ink: #664d03; --on-hue: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #38414d; --paper: #14181e;
  --hue: #4c8dff; --own: #fb923c; --warn: #4a3b09; --warn-ink: #ffe69c; --on-hue: #0b0e12; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; } article h3 { margin: 0; } .soft { color: var(--soft); }
.banner { background: var(--warn); color: var(--warn-ink);
  padding: .6rem .9rem; border-radius: 6px; margin: 1rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: .8rem; } .figures div { border: 1px solid var(--line);
  border-radius: 6px; padding: .5rem .9rem; } .figures b { display: block; font-size: 1.35rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem;
  border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
td:first-child { overflow-wrap: anywhere; min-width: 9rem; } .num { text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll { overflow-x: auto; margin: .5rem 0; }
article { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: .8rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .own { font-weight: 700; }
svg .cell { fill: var(--hue); } svg .cell.none { fill: none; stroke: var(--own); stroke-opacity: .5; fill-opacity: 1; }
svg text.light { fill: var(--on-hue); } svg text.none { fill: var(--own); } svg .bar { fill: var(--hue); }
svg .bar.own { fill: var(--own); } ul.terms { columns: 3 12rem; padding-left: 1.2rem; }
"""


def report_html(report: dict[str, Any]) -> str:
    """Return the whole document."""
    title = f"SEO report: {report['keyword']}"
    sections = [
        _head(report, title),
        _figures(report),
        _errors(report),
        _gap(report),
        _recommendations(report),
        _pages(report),
        _costs(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(filter(None, sections))
        + "\n</body></html>\n"
    )


def _head(report: dict[str, Any], title: str) -> str:
    simulated = (
        '<div class="banner"><strong>Simulated.</strong> No provider was called: topics, summary and recommendations '
        "are stand-ins made of words from the pages. What was counted on the pages is real.</div>"
    )
    return (
        f"<h1>{escape(title)}</h1><p class=soft>{escape(report['target'])} · preset {escape(str(report['preset']))}</p>"
        + (simulated if report["simulated"] else "")
    )


def _figures(report: dict[str, Any]) -> str:
    gap, saving = report["gap_analysis"], report["saving"]
    figures = [
        ("terms covered", "none" if gap["coverage"] is None else f"{gap['coverage']:.0%}"),
        (
            "words that competitors have more",
            "none" if gap["word_count_gap"] is None else f"{gap['word_count_gap']:+d}",
        ),
        ("pages read", str(len(report["pages"]))),
        ("cost of this run", _usd(report["total_cost_usd"])),
        ("saved against the 405B model", "none" if saving is None else f"{saving:.1%}"),
    ]
    cells = "".join(f"<div><b>{escape(value)}</b>{escape(name)}</div>" for name, value in figures)
    return f'<div class="figures">{cells}</div>'


def _errors(report: dict[str, Any]) -> str:
    if not report["errors"]:
        return ""
    rows = [(error["url"], error["stage"], error["error"]) for error in report["errors"]]
    return f"<h2>What failed</h2>{_table(('page', 'stage', 'error'), rows)}"


def _gap(report: dict[str, Any]) -> str:
    gap = report["gap_analysis"]
    competitors = [page["url"] for page in report["pages"] if page["url"] != report["target"]]
    chart = ""
    if gap.get("terms"):
        chart = f'<div class="scroll">{heat_map(gap["terms"], report["target"], competitors)}</div>'
    return (
        f"<h2>Gap analysis</h2><p>{escape(gap['summary'])}</p>"
        "<h3>Keyword coverage</h3>"
        f"<p class=soft>Mentions per page; outlined cells are terms that the page lacks.</p>{chart}"
        f"<h3>Missing keywords</h3>{_list(gap['missing_keywords'], 'terms')}"
        f"<h3>Missing topics</h3>{_list(gap['missing_topics'], 'terms')}"
    )


def _recommendations(report: dict[str, Any]) -> str:
    articles = "".join(
        f"<article><h3>{number}. {escape(item['title'])}</h3>"
        f"<p class=soft>{escape(item['category'])} · priority {escape(item['priority'])} · "
        f"effort {escape(item['effort'])} · impact {escape(item['impact'])}</p><p>{escape(item['description'])}</p>"
        f"<p class=soft>Why: {escape(item['rationale'])}</p><ol>"
        + "".join(f"<li>{escape(step)}</li>" for step in item["implementation_steps"])
        + "</ol></article>"
        for number, item in enumerate(report["recommendations"], start=1)
    )
    return f"<h2>Recommendations</h2>{articles or '<p>None were made; see what failed.</p>'}"


def _pages(report: dict[str, Any]) -> str:
    pages = report["pages"]
    own = next((number for number, page in enumerate(pages) if page["url"] == report["target"]), None)
    words = [(page_name(page["url"]), float(page["word_count"])) for page in pages]
    chart = bars(words, title="Words per page", shown=lambda value: f"{value:.0f}", own=own)
    rows = [
        (
            page["title"] or page["url"],
            ", ".join(page["topics"]),
            page["intent"],
            page["word_count"],
            len(page["headings"]),
            f"{page['links']['internal']} / {page['links']['external']}",
            page["images_without_alt"],
        )
        for page in pages
    ]
    columns = ("page", "topics", "intent", "words", "headings", "links in / out", "images without alt")
    return f'<h2>Pages</h2><h3>Words per page</h3><div class="scroll">{chart}</div>{_table(columns, rows)}'


def _costs(report: dict[str, Any]) -> str:
    per_task: dict[str, float] = {}
    for row in report["costs"]:
        if row["cost_usd"] is not None:
            per_task[row["task"]] = per_task.get(row["task"], 0.0) + row["cost_usd"]
    chart = bars(list(per_task.items()), title="Cost per task", shown=_usd, own=None)
    columns = ("task", "model", "provider", "calls", "attempts", "input tokens", "output tokens", "cost")
    rows = [(*(row[key.replace(" ", "_")] for key in columns[:-1]), _usd(row["cost_usd"])) for row in report["costs"]]
    baseline = report["baseline_cost_usd"]
    against = "" if baseline is None else f" The same tokens on the 405B model: {_usd(baseline)}."
    total = f"<p>Total {_usd(report['total_cost_usd'])}.{against}</p>"
    return f'<h2>Cost</h2><h3>Cost per task</h3><div class="scroll">{chart}</div>{_table(columns, rows)}{total}'


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: object) -> str:
    return f"<td{' class=num' * isinstance(value, int)}>{escape(str(value))}</td>"


def _list(items: Sequence[str], kind: str) -> str:
    if not items:
        return "<p>None.</p>"
    return f"<ul class={kind}>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _usd(amount: float | None) -> str:
    if amount is None:
        return "not known"
    return f"${amount:.6f}" if amount < 0.01 else f"${amount:.4f}"
