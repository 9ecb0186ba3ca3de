"""`modelrouter seo`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import answering
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, PresetOption, SimulateOption
from langchain_modelrouter.cli.progress import agent_progress
from langchain_modelrouter.cli.seo_text import show_report
from langchain_modelrouter.errors import InvalidOptionError

EXAMPLES = (
    "modelrouter seo --target https://example.com/bikes --competitor https://example.org/bikes --keyword 'city bikes'",
    "modelrouter seo --target https://example.com/bikes --search duckduckgo --out report.html",
)

_SEARCHES = {"duckduckgo": "DuckDuckGo", "serpapi": "SerpApi"}


def command(
    target: Annotated[str, typer.Option(help="The page to improve.")],
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
        Path | None, typer.Option(help="Write the report to this .html, .md or .json file.", show_default=False)
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
    for option, urls in (("--target", [target]), ("--competitor", competitor or [])):
        _demand_urls(option, urls)
    if not competitor and search is None:
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
        report = graph_module("seo").run_seo(
            by.router,
            target=target,
            competitors=competitor or (),
            keyword=keyword,
            search=_search(search),
            allow_private=allow_private,
            on_progress=progress,
            simulated=by.simulator is not None,
        )
    if json:
        render.as_json(report)
    else:
        show_report(report, by.router.registry)
    for entry in report["errors"]:
        render.note(f"{entry['url']}: {entry['stage']}: {entry['error']}")
    if not allow_private and any("not a public address" in entry["error"] for entry in report["errors"]):
        render.note("--allow-private fetches from such addresses too.")
    if out is not None:
        _write(report_file, report, out)
    if not is_complete(report):
        raise typer.Exit(1)


def is_complete(report: dict[str, Any]) -> bool:
    """Return whether there is anything to go by: the target read, a competitor read, recommendations made."""
    read = {page["url"] for page in report["pages"]}
    return report["target"] in read and len(read) > 1 and bool(report["recommendations"])


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


def _demand_urls(option: str, urls: list[str]) -> None:
    for url in urls:
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url:
            raise InvalidOptionError(
                option, f"{url!r} is no address of a web page; give http:// or https:// and a host"
            )


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
