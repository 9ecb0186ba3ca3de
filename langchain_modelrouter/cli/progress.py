"""How far the agents are: on stderr, and on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from langchain_modelrouter.cli import render

AGENTS = ("data_collection", "content_scraping", "gap_analysis", "recommendations")
Progress = Callable[[dict[str, Any]], None]


@contextmanager
def agent_progress(pages: int) -> Iterator[Progress]:
    """Give a function that takes the pipeline's events and shows them while the block runs.

    Args:
        pages: how many pages there are to read, as far as is known.
    """
    if not render.is_terminal(sys.stderr):
        yield lambda event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.fields[agent]:16}"),
        BarColumn(bar_width=18),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.description}", markup=True),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        rows = {
            agent: bars.add_task("", agent=agent, total=pages if agent == "content_scraping" else 1) for agent in AGENTS
        }

        def show(event: dict[str, Any]) -> None:
            at = AGENTS.index(event["agent"])
            for before in AGENTS[:at]:
                bars.update(rows[before], completed=bars.tasks[rows[before]].total)
            bars.update(rows[event["agent"]], description=_escaped(said(event)))
            if event["event"] in ("has read", "has written", "has compared"):
                bars.advance(rows[event["agent"]])

        yield show
        for row in rows.values():
            bars.update(row, completed=bars.tasks[row].total)


def said(event: dict[str, Any]) -> str:
    """Return an event in words."""
    match event["event"]:
        case "called" if event["attempts"] == 1:
            return f"asked {event['model']}"
        case "called":
            return f"asked {event['model'] or 'in vain'}, {event['attempts']} attempts"
        case "failed":
            return f"failed: {event['error']}"
        case "reads" | "has read":
            return f"{event['event']} {event['url'].rstrip('/').rpartition('/')[2]}"
        case other:
            return str(other)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(render.short(text, 60))
