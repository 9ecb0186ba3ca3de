"""The charts of the HTML report: inline SVG, no script, nothing to load."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

_ROW, _LABEL, _CELL = 24, 190, 112
_TERMS = 24
_NAME_CHARS = 26


def heat_map(terms: Sequence[dict[str, Any]], target: str, competitors: Sequence[str]) -> str:
    """Return how often each term stands on each page: one row per term, the target's column first."""
    rows = terms[:_TERMS]
    pages = [target, *competitors]
    highest = max((max(row["target"], *row["competitors"].values()) for row in rows), default=0) or 1
    width, height = _LABEL + _CELL * len(pages), _ROW * (len(rows) + 2)
    parts = [
        f'<text x="{_LABEL + _CELL * column + _CELL / 2}" y="{_ROW * 1.4}" class="head{" own" * (not column)}" '
        f'text-anchor="middle">{escape(_short(page_name(page), 14))}<title>{escape(page)}</title></text>'
        for column, page in enumerate(pages)
    ]
    for number, row in enumerate(rows):
        y = _ROW * (number + 2)
        parts.append(f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(_short(row["term"]))}</text>')
        counts = [row["target"], *(row["competitors"].get(page, 0) for page in competitors)]
        parts += [
            _cell(_LABEL + _CELL * column, y, count, highest, f"{row['term']}, {page_name(page)}: {count}")
            for column, (page, count) in enumerate(zip(pages, counts, strict=True))
        ]
    return _svg(width, height, "How often each term stands on each page", parts)


def bars(values: Sequence[tuple[str, float]], *, title: str, shown: Callable[[float], str], own: int | None) -> str:
    """Return horizontal bars, one per value.

    Args:
        shown: writes a value.
        own: the number of the bar that is set off.
    """
    highest = max((value for _, value in values), default=0) or 1
    parts = []
    for number, (label, value) in enumerate(values):
        y, width = _ROW * number, 360 * value / highest
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(_short(label))}</text>',
            f'<rect x="{_LABEL}" y="{y + 4}" width="{max(width, 1):.1f}" height="{_ROW - 8}" rx="2" '
            f'class="{"bar own" if number == own else "bar"}">'
            f"<title>{escape(label)}: {escape(shown(value))}</title></rect>",
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 16}">{escape(shown(value))}</text>',
        ]
    return _svg(_LABEL + 360 + 100, _ROW * len(values), title, parts)


def page_name(url: str) -> str:
    """Return the last part of the path without its suffix, or the host of a start page."""
    parts = urlsplit(url)
    name = parts.path.rstrip("/").rpartition("/")[2]
    return re.sub(r"\.(x?html?|php|aspx?|jsp)$", "", name, flags=re.IGNORECASE) or parts.netloc or url


def _cell(x: int, y: int, count: int, highest: int, title: str) -> str:
    strength = 0.0 if count == 0 else 0.15 + 0.85 * count / highest
    ink = "light" if strength > 0.6 else "dark" if count else "none"
    return (
        f'<g><title>{escape(title)}</title><rect x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_ROW - 2}" '
        f'class="{"cell" if count else "cell none"}" fill-opacity="{strength:.2f}"/>'
        f'<text x="{x + _CELL / 2}" y="{y + 16}" text-anchor="middle" class="{ink}">{count}</text></g>'
    )


def _short(text: str, chars: int = _NAME_CHARS) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
