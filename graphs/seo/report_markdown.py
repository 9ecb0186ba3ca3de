"""The report as Markdown; text from pages and models cannot become markup or leave its table cell."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


_LEVELS = ("priority", "effort", "impact")


def report_markdown(report: dict[str, Any]) -> str:
    """Return the whole document."""
    gap, saving = report["gap_analysis"], report["saving"]
    lines = [f"# SEO report: {_text(report['keyword'])}", "", f"Target: {_text(report['target'])}", ""]
    if report["simulated"]:
        lines += ["> **Simulated.** No provider was called; topics, summary and recommendations are stand-ins.", ""]
    if gap["coverage"] is not None:
        words = gap["word_count_gap"]
        more = f"{abs(words)} words {'more' if words > 0 else 'fewer'}"
        lines += [f"The target uses {gap['coverage']:.0%} of its competitors' terms; on average they have {more}.", ""]
    if report["errors"]:
        rows = ((error["url"], error["stage"], error["error"]) for error in report["errors"])
        lines += ["## What failed", "", *_table(("page", "stage", "error"), rows), ""]
    lines += ["## Gap analysis", "", _text(gap["summary"]), ""]
    lines += [f"Missing keywords: {_joined(gap['missing_keywords'])}", ""]
    lines += [f"Missing topics: {_joined(gap['missing_topics'])}", "", "## Recommendations", ""]
    for number, item in enumerate(report["recommendations"], start=1):
        lines += [
            f"### {number}. {_text(item['title'])}",
            "",
            ", ".join([_text(item["category"]), *(f"{name} {_text(item[name])}" for name in _LEVELS)]),
            "",
            _text(item["description"]),
            "",
            f"Why: {_text(item['rationale'])}",
            "",
            *(f"{step}. {_text(text)}" for step, text in enumerate(item["implementation_steps"], start=1)),
            "",
        ]
    pages = (
        (
            page["title"] or page["url"],
            page["word_count"],
            len(page["headings"]),
            ", ".join(page["topics"]),
            page["intent"],
        )
        for page in report["pages"]
    )
    lines += ["## Pages", "", *_table(("page", "words", "headings", "topics", "intent"), pages), ""]
    columns = ("task", "model", "provider", "calls", "attempts", "input_tokens", "output_tokens")
    costs = ((*(row[key] for key in columns), _usd(row["cost_usd"])) for row in report["costs"])
    lines += ["## Cost", "", *_table((*columns, "cost"), costs), "", f"Total: {_usd(report['total_cost_usd'])}."]
    if report["baseline_cost_usd"] is not None:
        saved = "" if saving is None else f", so {saving:.1%} saved"
        lines += ["", f"The same tokens on the 405B model: {_usd(report['baseline_cost_usd'])}{saved}."]
    return "\n".join(lines) + "\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    head = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return head + [f"| {' | '.join(_text(cell) for cell in row)} |" for row in rows]


def _joined(items: Sequence[str]) -> str:
    return ", ".join(map(_text, items)) or "none"


def _usd(amount: float | None) -> str:
    return "not known" if amount is None else f"${amount:.6f}"


def _text(value: object) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))
