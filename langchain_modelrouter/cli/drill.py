"""`modelrouter drill`."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.guard import FAILED
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator.drill import Drilled, drill

EXAMPLES = (
    "modelrouter drill --config modelrouter.yaml",
    "modelrouter drill --fault unavailable --fault hang_before_first_token --json",
)

WORDS = {"answered": "answered", "by contract": "error, by contract", "lost": "LOST"}


def command(
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this fault. May be repeated; by default all.", show_default=False),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Instead of the preset in force.", show_default=False)] = None,
    task: Annotated[str | None, typer.Option(help="The task of the calls.", show_default=False)] = None,
    speed: Annotated[float, typer.Option(help="How many times faster than real time.", min=1.0)] = 50.0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Rehearse every outage against a configuration: which faults does it survive, how fast and at what cost?

    Each fault strikes the whole provider that is asked first, on a simulator under the configuration's own names and
    prices; no provider is called. Ends with 1 where a call is lost that another provider could have answered.
    """
    loaded = RouterConfig.load(config)
    with _without_alerts():
        rows = list(drill(loaded, faults=fault or None, preset=preset, task=task, speed=speed))
    lost = [row for row in rows if row.result == "lost"]
    if json:
        render.as_json([_as_data(row) for row in rows])
    else:
        _show(rows)
    survived = len({row.fault for row in rows}) - len({row.fault for row in lost})
    render.note(
        f"{rows[0].provider} was struck by {len({row.fault for row in rows})} faults on the simulator, and "
        f"{survived} of them were survived. Latencies are at real speed, the simulator ran {speed:g} times faster."
    )
    if lost:
        raise typer.Exit(FAILED)


@contextmanager
def _without_alerts() -> Iterator[None]:
    """Keep the alerts of a rehearsed outage off stderr."""
    logger = logging.getLogger("langchain_modelrouter")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _show(rows: Sequence[Drilled]) -> None:
    render.table(
        ("row", "fault", "door", "result", "answered by", "tries", "latency", "cost"),
        [
            (
                row.row,
                row.fault,
                row.door,
                WORDS[row.result],
                row.model or "",
                row.attempts,
                f"{row.latency_s:.1f} s",
                render.usd(row.cost_usd) if row.cost_usd is not None else "unknown",
            )
            for row in rows
        ],
        right=("row", "tries", "latency", "cost"),
    )
    for row in rows:
        if row.result == "lost":
            render.note(f"lost: {row.fault} on {row.door}: {row.error}")


def _as_data(row: Drilled) -> dict[str, object]:
    return {
        "fault": row.fault,
        "row": row.row,
        "title": row.title,
        "provider": row.provider,
        "door": row.door,
        "result": row.result,
        "model": row.model,
        "attempts": row.attempts,
        "latency_s": round(row.latency_s, 3),
        "cost_usd": None if row.cost_usd is None else float(row.cost_usd),
        "error": row.error,
    }
