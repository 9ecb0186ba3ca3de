"""Everything that the commands print: tables on a terminal, plain columns in a pipe, JSON where asked for."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, TextIO

from langchain_modelrouter.errors import ModelRouterError

UNKNOWN = "?"
"""Stands for a figure that nobody gives."""


def line(text: str = "") -> None:
    """Print a line of data or of a report."""
    print(text)


def raw(text: str) -> None:
    """Print text as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a line about an answer, dim on a terminal."""
    print(_styled(text, 2))


def heading(text: str) -> None:
    """Print a heading, bold on a terminal."""
    print(_styled(text, 1))


def note(text: str) -> None:
    """Print a remark that is not part of the data, on stderr."""
    print(text, file=sys.stderr)


def failure(error: ModelRouterError) -> None:
    """Print an error on stderr, one line per fault."""
    note("\n".join(text for text in str(error).splitlines() if text.strip()))


def as_json(data: Any) -> None:
    """Print data as JSON: money as exact numbers, sets sorted, a figure that is not finite as null."""
    print(json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", right: Iterable[str] = ()) -> None:
    """Print rows under their columns.

    Args:
        columns: the headings.
        rows: the cells; None is shown as unknown.
        title: a line above.
        right: the headings of columns that are aligned to the right, such as figures.
    """
    cells = [[UNKNOWN if cell is None else str(cell) for cell in row] for row in rows]
    on_right = {columns.index(name) for name in right}
    if is_terminal():
        _rich_table(columns, cells, title, on_right)
    else:
        _plain_table(columns, cells, title, on_right)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and what is said of them, one per line, the names in a column."""
    shown = list(pairs)
    width = max(len(name) for name, _ in shown)
    for name, said in shown:
        print(f"{name:{width}}  {said}")


def is_narrow(width: int = 96) -> bool:
    """Return whether what is printed goes to a terminal with fewer columns than `width`."""
    return is_terminal() and get_terminal_size().columns < width


def short(text: str, most: int) -> str:
    """Return a text of at most `most` characters, cut with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return whether a person reads along; by default on stdout."""
    return (stream or sys.stdout).isatty()


def usd(amount: Decimal | None, *, digits: int = 3) -> str | None:
    """Return an amount as `$0.269`, with more digits where it is small; None where it is unknown."""
    if amount is None:
        return None
    if amount and abs(amount) < Decimal(1).scaleb(-digits):
        return f"${amount:.2g}" if abs(amount) >= Decimal("0.0001") else f"${amount:f}"
    return f"${amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def percent(share: Decimal | float | None) -> str | None:
    """Return a share as `78.9 %`; None where it is unknown."""
    return None if share is None else f"{share * 100:z.1f} %"


def per_mtok(price: Decimal | None) -> str | None:
    """Return a price per 1,000,000 tokens; None where it is unknown."""
    return None if price is None else f"{price.normalize():f}"


def tokens(count: int | None) -> str | None:
    """Return a number of tokens as `128k` or `1.05M`; None where it is unknown."""
    if count is None:
        return None
    return f"{count / 1e6:.3g}M" if count >= 1_000_000 else f"{count / 1e3:.4g}k"


def _styled(text: str, code: int) -> str:
    """Return text in a style on a terminal; plain where nobody wants styles (https://no-color.org)."""
    return f"\x1b[{code}m{text}\x1b[0m" if is_terminal() and not os.environ.get("NO_COLOR") else text


def _plain(value: Any) -> Any:
    """Return data as JSON knows it."""
    match value:
        case float() | Decimal():
            return float(value) if isfinite(value) else None
        case None | str() | int():
            return value
        case set() | frozenset():
            return sorted(value)
        case date() | Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, on_right: set[int]) -> None:
    if title:
        print(title)
    widths = [max(len(row[at]) for row in [columns, *rows]) for at in range(len(columns))]
    for row in [columns, *rows]:
        cells = [
            cell.rjust(width) if at in on_right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, on_right: set[int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if title:
        console.print(Text(title, style="bold"))
    widths = [max(len(row[at]) for row in [columns, *rows]) for at in range(len(columns))]
    gap = 2 if sum(widths) + 2 * len(widths) <= console.width else 1
    shown = Table(header_style="dim", box=None, padding=(0, gap, 0, 0))
    for at, name in enumerate(columns):
        shown.add_column(name, justify="right" if at in on_right else "left", no_wrap=at < 2 or at in on_right)
    for row in rows:
        shown.add_row(*map(Text, row))
    console.print(shown)
