"""`modelrouter seo`."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, PresetOption, SimulateOption
from langchain_modelrouter.cli.seo_jobs import run_jobs
from langchain_modelrouter.cli.seo_one import run_one
from langchain_modelrouter.cli.seo_runs import CHECKPOINTS, Run, demand_urls
from langchain_modelrouter.config import config_path
from langchain_modelrouter.errors import InvalidOptionError

EXAMPLES = (
    "modelrouter seo --target https://example.com/bikes --competitor https://example.org/bikes --keyword 'city bikes'",
    "modelrouter seo --target https://example.com/bikes --search duckduckgo --out report.html --resume bikes",
    "modelrouter seo --jobs jobs.jsonl --out reports",
)


def command(
    target: Annotated[str | None, typer.Option(help="The page to improve.", show_default=False)] = None,
    competitor: Annotated[
        list[str] | None, typer.Option(help="A page to compare with; may be repeated.", show_default=False)
    ] = None,
    keyword: Annotated[
        str | None, typer.Option(help="What it should be found by; by default the page's own.", show_default=False)
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Find competitors: duckduckgo, serpapi, or a JSON file of saved results.",
            show_default=False,
        ),
    ] = None,
    max_pages: Annotated[
        int | None,
        typer.Option(min=1, help="How many competitors a search may bring the run up to; by default 5."),
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from loopback and private addresses too.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the report to this .html, .md or .json file; for --jobs a folder.", show_default=False
        ),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Ask a person before the report is published.")] = False,
    thread: Annotated[
        str | None,
        typer.Option(
            "--thread",
            "--resume",
            metavar="NAME",
            help="The name of the run; one that was cut off goes on where it stood.",
            show_default=False,
        ),
    ] = None,
    checkpoints: Annotated[Path, typer.Option(help="The file in which runs are kept.")] = CHECKPOINTS,
    jobs: Annotated[
        Path | None,
        typer.Option(help="JSON lines with target, competitors, keyword: many runs, all kept.", show_default=False),
    ] = None,
    preset: PresetOption = None,
    live: LiveOption = False,
    simulate: SimulateOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Analyse a web page against its competitors: four agents, each on the model that fits it.

    Ends with 1 where the target or all competitors cannot be read, or no recommendation could be made.
    """
    for option, urls in (("--target", [target] if target else []), ("--competitor", competitor or [])):
        demand_urls(option, urls)
    if live and simulate:
        raise InvalidOptionError("--live", "it excludes --simulate; give one of them")
    source = config_path(config)
    asked = Run(
        target=target,
        competitors=tuple(competitor or ()),
        keyword=keyword,
        search=search,
        max_pages=max_pages,
        allow_private=allow_private,
        approve=approve,
        preset=preset,
        config=str(source.resolve()) if source is not None else None,
        is_simulated=simulate if simulate or live else None,
    )
    if jobs is None:
        run_one(asked, thread=thread, checkpoints=checkpoints, out=out, json=json)
    elif target or competitor or keyword or thread or approve:
        raise InvalidOptionError("--jobs", "it excludes --target, --competitor, --keyword, --resume and --approve")
    else:
        run_jobs(asked, jobs, checkpoints=checkpoints, out=out, json=json)
