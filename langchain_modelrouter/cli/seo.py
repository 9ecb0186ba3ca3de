"""`modelrouter seo`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import answering
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, PresetOption, SimulateOption
from langchain_modelrouter.cli.progress import agent_progress
from langchain_modelrouter.cli.seo_jobs import demand_urls, is_complete, run_jobs
from langchain_modelrouter.cli.seo_runs import RUNS_FILE, one_run
from langchain_modelrouter.cli.seo_text import show_report
from langchain_modelrouter.errors import InvalidOptionError

EXAMPLES = (
    "modelrouter seo --target https://example.com/bikes --competitor https://example.org/bikes --keyword 'city bikes'",
    "modelrouter seo --target https://example.com/bikes --search duckduckgo --out report.html --resume bikes",
    "modelrouter seo --jobs jobs.jsonl --out reports",
)

_SEARCHES = {"duckduckgo": "DuckDuckGo", "serpapi": "SerpApi"}


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
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from loopback and private addresses too.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the report to this .html, .md or .json file; for --jobs a folder.", show_default=False
        ),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Ask a person before the report is written.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Keep the run under this name; one that was cut off goes on.", show_default=False
        ),
    ] = None,
    jobs: Annotated[
        Path | None,
        typer.Option(help="JSON lines with target, competitors, keyword: many runs, all kept.", show_default=False),
    ] = None,
    runs: Annotated[Path, typer.Option(help="The file in which runs are kept.")] = RUNS_FILE,
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
    given = {"search": _search(search), "allow_private": allow_private}
    if jobs is not None:
        if target or competitor or resume or approve:
            raise InvalidOptionError("--jobs", "it excludes --target, --competitor, --resume and --approve")
        with answering(config, live=live, simulate=simulate, preset=preset) as by:
            run_jobs(by, jobs, runs=runs, out=out, json=json, **given)
        return
    if not target and not resume:
        raise InvalidOptionError("--target", "name the page to improve, or --resume or --jobs")
    if target and not competitor and search is None:
        raise InvalidOptionError("--competitor", "nothing to compare with; give a page, or --search to find some")
    report_file = graph_module("seo", "report_file")
    if out is not None:
        try:
            report_file.check_path(out)
        except ValueError as error:
            raise InvalidOptionError("--out", str(error)) from None
    with (
        answering(config, live=live, simulate=simulate, preset=preset) as by,
        agent_progress(1 + len(competitor or ())) as progress,
    ):
        report = one_run(
            by.router,
            runs=runs,
            thread=resume,
            target=target,
            competitors=competitor or (),
            keyword=keyword,
            on_progress=progress,
            simulated=by.simulator is not None,
            **given,
        )
    if json:
        render.as_json(report)
    else:
        show_report(report, by.router.registry)
    for entry in report["errors"]:
        render.note(f"{entry['url']}: {entry['stage']}: {entry['error']}")
    if not allow_private and any("not a public address" in entry["error"] for entry in report["errors"]):
        render.note("--allow-private fetches from such addresses too.")
    if approve and not typer.confirm("Publish this report?", err=True):
        render.note("Not approved; nothing is written.")
        raise typer.Exit(1)
    if out is not None:
        _write(report_file, report, out)
    if not is_complete(report):
        raise typer.Exit(1)


def _write(report_file: Any, report: dict[str, Any], out: Path) -> None:
    if not is_complete(report):
        render.note(f"{out}: not written, since the analysis is incomplete")
        return
    try:
        report_file.write_report(report, out)
    except OSError as error:
        render.note(f"{out}: it cannot be written ({error.strerror})")
        raise typer.Exit(1) from None
    render.note(f"The report is in {out}.")


def _search(name: str | None) -> Any:
    """Return the search provider of that name, or the saved results of a file."""
    if name is None:
        return None
    providers = graph_module("seo", "search")
    if name in _SEARCHES:
        return getattr(providers, _SEARCHES[name])()
    if not Path(name).is_file():
        raise InvalidOptionError("--search", f"{name!r} is neither {' nor '.join(_SEARCHES)} nor a file")
    return providers.SavedResults(Path(name))
