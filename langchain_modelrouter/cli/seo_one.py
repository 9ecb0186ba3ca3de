"""One run of the SEO pipeline: new, or taken up where it was cut off."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.progress import agent_progress
from langchain_modelrouter.cli.seo_runs import CHECKPOINTS, Report, Run, is_complete, kept_run, one_run
from langchain_modelrouter.cli.seo_search import search_of
from langchain_modelrouter.cli.seo_text import show_report
from langchain_modelrouter.errors import InvalidOptionError


def run_one(asked: Run, *, thread: str | None, checkpoints: Path, out: Path | None, json: bool) -> None:
    """Run the pipeline, print its report and, where nobody objects, write it.

    Raises:
        InvalidOptionError: what is asked for cannot be done.
        Exit: the report is incomplete, was not approved or cannot be written.
    """
    run = _checked(asked, thread, checkpoints)
    if out is not None:
        try:
            graph_module("seo", "report_file").check_path(out)
        except ValueError as error:
            raise InvalidOptionError("--out", str(error)) from None
    finder = search_of(run.search)
    with run.answering() as by, ExitStack() as bars:
        name = thread or f"seo-{uuid4().hex[:8]}"
        where = "" if checkpoints == CHECKPOINTS else f" --checkpoints {checkpoints}"
        render.note(f"This is run {name}; if it is cut off: modelrouter seo --resume {name}{where}")

        def show(report: Report) -> None:
            bars.close()
            _show(report, by.router.registry, json=json, allow_private=run.allow_private)

        def is_approved(report: Report) -> bool:
            show(report)
            return typer.confirm("Publish this report?", err=True)

        try:
            report = one_run(
                by.router,
                replace(run, is_simulated=by.simulator is not None),
                checkpoints=checkpoints,
                thread=name,
                search=finder,
                on_progress=bars.enter_context(agent_progress(1 + len(run.competitors))),
                approve=is_approved if run.approve else None,
            )
        except graph_module("seo", "run").NotApprovedError:
            render.note("Not approved; nothing is written.")
            raise typer.Exit(1) from None
        if not run.approve:
            show(report)
    if out is not None:
        _write(report, out)
    if not is_complete(report):
        raise typer.Exit(1)


def _checked(asked: Run, thread: str | None, checkpoints: Path) -> Run:
    """Return the run that is meant, before anything is done or paid for."""
    kept = kept_run(checkpoints, thread) if thread else None
    if kept is None and not asked.target:
        if thread:
            raise InvalidOptionError("--resume", f"{checkpoints} holds no run {thread!r}; give --target to start one")
        raise InvalidOptionError("--target", "name the page to improve, or --resume or --jobs")
    run = asked if kept is None else kept.taken_up(asked)
    if not run.competitors and run.search is None:
        raise InvalidOptionError("--competitor", "nothing to compare with; give a page, or --search to find some")
    if run.approve and not render.is_terminal(sys.stdin):
        raise InvalidOptionError("--approve", "it asks a person, and standard input is no terminal")
    return run


def _show(report: Report, registry: Mapping[str, Any], *, json: bool, allow_private: bool) -> None:
    if json:
        render.as_json(report)
    else:
        show_report(report, registry)
    for entry in report["errors"]:
        render.note(f"{entry['url']}: {entry['stage']}: {entry['error']}")
    if not allow_private and any("not a public address" in entry["error"] for entry in report["errors"]):
        render.note("--allow-private fetches from such addresses too.")


def _write(report: Report, out: Path) -> None:
    if not is_complete(report):
        render.note(f"{out}: not written, since the analysis is incomplete")
        return
    try:
        graph_module("seo", "report_file").write_report(report, out)
    except OSError as error:
        render.note(f"{out}: it cannot be written ({error.strerror})")
        raise typer.Exit(1) from None
    render.note(f"The report is in {out}.")
