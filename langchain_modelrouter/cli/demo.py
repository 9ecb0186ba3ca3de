"""`modelrouter demo`."""

import tempfile
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import Answering, answering
from langchain_modelrouter.cli.files import check_folder, faults_of, write_whole
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, SimulateOption
from langchain_modelrouter.cli.preset_switch import Switch, switch_while_calls_run, switchable
from langchain_modelrouter.cli.progress import agent_progress
from langchain_modelrouter.cli.report import show as show_books
from langchain_modelrouter.cli.seo_runs import is_complete
from langchain_modelrouter.cli.seo_text import show_costs
from langchain_modelrouter.report_html import page
from langchain_modelrouter.simulator.simulated_config import simulated_providers

EXAMPLES = ("modelrouter demo", "modelrouter demo --simulate --html ledger.html")

_SIMULATED = "Simulated: no provider was called; tokens and prices are real arithmetic, answers are stand-ins."
_SWITCHED_TASK = "gap_analysis"
_CALLS_BEFORE_THE_FAULT, _REQUESTS_REFUSED = 2, 2


class _CallLog(BaseCallbackHandler):
    """Keeps what the router says about each call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def on_chain_end(self, outputs: Any, **_kwargs: Any) -> None:
        """Keep the record of a routed call; other chains have none."""
        message = outputs.get("output") if isinstance(outputs, dict) else None
        if isinstance(message, AIMessage) and "model_router" in message.response_metadata:
            self.calls.append(message.response_metadata["model_router"])


def command(
    html: Annotated[
        Path | None, typer.Option(help="Write the report on the ledger to this page.", show_default=False)
    ] = None,
    live: LiveOption = False,
    simulate: SimulateOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show it in under a minute: four agents analyse a small site, a provider fails, the preset is switched.

    On the simulator the first provider answers 429 in mid-run, so that the fallback shows. With a key in the
    environment the real providers answer, a few cents' worth of calls at most.
    """
    if html is not None:
        check_folder("--html", html)
    started_s, started = time.monotonic(), datetime.now(UTC)
    with answering(config, live=live, simulate=simulate) as by:
        if not json:
            render.heading("1  Four agents analyse a page and its three competitors")
        refusing = _refuse_in_mid_run(by)
        log = _CallLog()
        report = _analyse(by, log)
        failures = _failures(log)
        if not json:
            _show_analysis(by, report, failures, refusing)
        switch = _switch(by)
        books = by.router.report("model", since=started)
    if html is not None:
        with faults_of("--html"):
            write_whole(html, page(books, banner=_SIMULATED if by.simulator is not None else ""))
    seconds = time.monotonic() - started_s
    if json:
        shown = None if switch is None else asdict(switch)
        data = {"report": report, "failures": failures, "switch": shown, "ledger": books.to_dict()}
        render.as_json(data | {"seconds": round(seconds, 1)})
    else:
        _show_switch(switch)
        render.line()
        render.heading("4  The ledger of the analysis: every attempt is in it, failed ones too")
        show_books(books)
        render.line(f"\nDone in {seconds:.0f} s. Next: modelrouter route 'your prompt', modelrouter seo --help.")
    if not is_complete(report) or (switch is not None and (switch.failed or switch.in_force_s is None)):
        raise typer.Exit(1)


def _refuse_in_mid_run(by: Answering) -> str | None:
    """Let the first provider answer 429 for a while on the simulator; return its key.

    With one provider only there would be nobody to fall back to.
    """
    if by.simulator is None or len({model.provider for model in by.config.registry.values()}) == 1:
        return None
    first = by.config.active_preset.get("content_scraping") or next(iter(by.config.active_preset.values()))
    provider = by.config.registry[first[0]].provider
    by.simulator.fault(provider, "rate_limited", after=_CALLS_BEFORE_THE_FAULT, times=_REQUESTS_REFUSED)
    return provider


def _analyse(by: Answering, log: _CallLog) -> dict[str, Any]:
    with (
        graph_module("seo", "sample_server").served_sample_site() as site,
        agent_progress(1 + len(site.competitors)) as progress,
    ):
        report: dict[str, Any] = graph_module("seo").run_seo(
            by.router.model_copy(update={"callbacks": [log]}),
            target=site.target,
            competitors=site.competitors,
            keyword=site.keyword,
            allow_private=True,
            on_progress=progress,
            simulated=by.simulator is not None,
        )
    return report


def _failures(log: _CallLog) -> list[dict[str, Any]]:
    """Return what failed and who answered instead, one entry per task, model and cause."""
    found = Counter(
        (call["task"], attempt["model"], (attempt["error"] or "").partition(" (")[0], call["model"])
        for call in log.calls
        for attempt in call["attempts"]
        if attempt["outcome"] == "error"
    )
    return [
        {"task": task, "model": model, "error": error, "answered_by": by_model, "times": times}
        for (task, model, error, by_model), times in found.items()
    ]


def _show_analysis(by: Answering, report: dict[str, Any], failures: list[dict[str, Any]], refusing: str | None) -> None:
    if by.simulator is not None:
        render.line("   SIMULATED: what is counted on the pages is real, what models say is a stand-in.")
    if refusing:
        render.line(f"   In mid-run {refusing} answers {_REQUESTS_REFUSED} requests with 429.")
    gap = report["gap_analysis"]
    if gap["coverage"] is not None:
        render.line(
            f"   The page covers {gap['coverage']:.0%} of its competitors' terms; it lacks "
            f"{', '.join(gap['missing_keywords'][:4])}. {len(report['recommendations'])} recommendations are written."
        )
    for entry in report["errors"]:
        render.note(f"   {entry['url']}: {entry['stage']}: {entry['error']}")
    if failures:
        rows = [(row["task"], row["model"], row["error"], row["times"], row["answered_by"]) for row in failures]
        columns = ("task", "model", "failed with", "times", "answered by")
        render.line()
        render.table(columns, rows, title="What failed, and who answered instead", right=("times",))
    render.line()
    render.heading("2  What every step cost, against everything on the big model")
    show_costs(report, by.router.registry)
    render.line()


def _switch(by: Answering) -> Switch | None:
    """Edit the one line `preset:` of a temporary file while calls run."""
    config = by.config
    settings: dict[str, Any] = {
        "version": 1,
        "extends": "builtin" if config.path is None else str(config.path),
        "preset": config.preset,
    }
    if by.simulator is not None:
        by.simulator.clear()
        settings["providers"] = simulated_providers(config, by.simulator)
    with tempfile.TemporaryDirectory(prefix="modelrouter-demo-") as folder:
        file = Path(folder) / "modelrouter.yaml"
        file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        simulated = by.simulator is not None
        after = next(switchable(type(config).load(file), _SWITCHED_TASK), None)
        if after is None:
            return None
        return switch_while_calls_run(file, _SWITCHED_TASK, after, threads=4 if simulated else 1)


def _show_switch(switch: Switch | None) -> None:
    render.heading("3  The provider is switched while calls run: one line of the file is edited")
    if switch is None:
        render.line(f"   Left out: no other preset gives {_SWITCHED_TASK} to another model that has a key.")
        return
    within = "never" if switch.in_force_s is None else f"after {switch.in_force_s:.2f} s"
    render.line(f"   preset: {switch.before}  ->  preset: {switch.after}")
    render.line(f"   {switch.task} moved from {switch.model_before} to {switch.model_after} {within};")
    render.line(f"   {switch.calls} calls ran meanwhile, {switch.failed} failed.")
