"""`modelrouter report`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.report import By, Line, Report, report
from langchain_modelrouter.report_html import page

EXAMPLES = ("modelrouter report --by model", "modelrouter report --ledger calls.db --html report.html")


def command(
    by: Annotated[str, typer.Option(help="task, model, provider or day.")] = "task",
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this model; by default nebius-llama-405b.", show_default=False)
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger's file; by default the configuration's.", show_default=False)
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only attempts from this moment on, in UTC.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with charts to this file as well.", show_default=False)
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Add up the ledger: calls, tokens, cost, what was saved, how often models failed and how fast they were.

    It reads the SQLite file of `ledger.path`. The last table says what each preset would have cost.
    """
    loaded = RouterConfig.load(config)
    path = _existing(ledger or loaded.ledger.path)
    rows = SqliteLedger(path).rows(None if since is None else since.replace(tzinfo=UTC))
    made = report(rows, loaded, by=cast(By, by), baseline=baseline)
    if html is not None:
        html.write_text(page(made), encoding="utf-8")
        render.note(f"Written: {html}")
    if json:
        render.as_json(made.to_dict())
    else:
        show(made)


def show(made: Report) -> None:
    """Print the tables of a report."""
    columns = ("calls", "attempts", "tokens in", "tokens out", "cost", "saved", "success", "fallback", "p50", "p95")
    rows = [_cells(line) for line in (*made.lines, made.total)]
    against = f", against everything on {made.baseline_model}" if made.baseline_model else ""
    render.table((made.by, *columns, "tokens/s"), rows, title=f"By {made.by}{against}", right=(*columns, "tokens/s"))
    if made.total.is_estimated:
        render.line("Tokens are in part our estimate, where a provider told none.")
    if made.presets and made.total.calls:
        render.line()
        presets = [(name, render.usd(usd, digits=4)) for name, usd in made.presets.items()]
        title = "What each preset would have cost on these replies"
        render.table(("preset", "cost"), presets, title=title, right=("cost",))


def _existing(path: Path | None) -> Path:
    if path is None:
        raise InvalidOptionError(
            "ledger.path", "the ledger is in memory and ends with its process; set a path in the file, or give --ledger"
        )
    if not path.expanduser().is_file():
        raise InvalidOptionError("ledger", f"there is no file {path}; it is made with the first call")
    return path


def _cells(line: Line) -> tuple[Any, ...]:
    return (
        line.name,
        f"{line.calls:,}",
        f"{line.attempts:,}",
        f"{line.input_tokens:,}",
        f"{line.output_tokens:,}",
        render.usd(line.cost_usd, digits=4),
        render.percent(line.saving),
        render.percent(line.success_rate),
        render.percent(line.fallback_rate),
        None if line.p50_s is None else f"{line.p50_s:.2f} s",
        None if line.p95_s is None else f"{line.p95_s:.2f} s",
        None if line.tokens_per_s is None else f"{line.tokens_per_s:,.0f}",
    )
