"""Many runs of the SEO pipeline, from a file of jobs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.seo_runs import Report, Run, demand_urls, is_complete, many_runs
from langchain_modelrouter.cli.seo_search import search_of
from langchain_modelrouter.errors import InvalidOptionError


def run_jobs(asked: Run, file: Path, *, checkpoints: Path, out: Path | None, json: bool) -> None:
    """Run the jobs of a file and print what each found and cost; with `out`, write each report into that folder.

    A job that was done before, with the same options, is not run again, unless its report was incomplete.

    Raises:
        InvalidOptionError: the file or the folder cannot be used.
        Exit: a job is incomplete.
    """
    with faults_of("--jobs"):
        jobs = graph_module("seo", "jobs").read_jobs(file)
        for job in jobs:
            demand_urls("--jobs", [job.target, *job.competitors])
            if not job.competitors and asked.search is None:
                raise ValueError(f"{file}: {job.target} has no competitors; name some, or give --search")
    if out is not None and not out.is_dir():
        raise InvalidOptionError("--out", f"there is no folder {out}; with --jobs each report is a file in it")
    finder = search_of(asked.search)
    with asked.answering() as by:
        run = replace(asked, preset=asked.preset or by.config.preset, is_simulated=by.simulator is not None)
        reports = _reports(by.router, run, jobs, finder, checkpoints, out)
    if json:
        render.as_json([{"id": name, **report} for name, report in reports.items()])
    else:
        _show(reports)
    if incomplete := sum(not is_complete(report) for report in reports.values()):
        render.note(f"{incomplete} of {len(reports)} jobs are incomplete; the same command tries these again.")
        raise typer.Exit(1)


def _reports(
    router: RouterChatModel, run: Run, jobs: list[Any], finder: Any, checkpoints: Path, out: Path | None
) -> dict[str, Report]:
    done: dict[str, Report] = {}
    before = 0

    def keep(job: Any, report: Report) -> None:
        done[job.name] = report
        for entry in report["errors"]:
            render.note(f"{entry['url']}: {entry['stage']}: {entry['error']}")
        if out is not None and is_complete(report):
            with faults_of("--out"):
                graph_module("seo", "report_file").write_report(report, out / f"{_file_name(job.name)}.html")

    def is_valid(report: Report, metadata: Mapping[str, Any]) -> bool:
        nonlocal before
        stands = metadata.items() >= run.kept().items() and is_complete(report)
        before += stands
        return stands

    many_runs(
        router,
        jobs,
        checkpoints=checkpoints,
        each=keep,
        is_valid=is_valid,
        search=finder,
        metadata=run.kept(),
        **run.options(),
    )
    if before:
        render.note(f"{before} of {len(jobs)} jobs were done before.")
    return {job.name: done[job.name] for job in jobs}


def _show(reports: dict[str, Report]) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            render.short(name, 32),
            render.short(report["keyword"], 28),
            "-" if (coverage := report["gap_analysis"]["coverage"]) is None else f"{coverage:.0%}",
            len(report["recommendations"]),
            len(report["errors"]),
            _usd(report["total_cost_usd"]),
        )
        for name, report in reports.items()
    ]
    costs = [report["total_cost_usd"] for report in reports.values()]
    total = None if None in costs else sum(costs)
    rows.append(("total", "", "", "", sum(len(report["errors"]) for report in reports.values()), _usd(total)))
    columns = ("job", "keyword", "covers", "advice", "errors", "cost")
    render.table(columns, rows, right=columns[2:])


def _usd(amount: float | None) -> str | None:
    return None if amount is None else f"${amount:.6f}"


def _file_name(name: str) -> str:
    """Return the name of a job as that of a file in the folder, and in no other."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:120] or "job"
