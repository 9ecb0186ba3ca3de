"""Many runs of the SEO pipeline, from a file of jobs."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import Answering
from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.cli.seo_runs import Report, many_runs
from langchain_modelrouter.errors import InvalidOptionError


def run_jobs(by: Answering, file: Path, *, runs: Path, out: Path | None, json: bool, **options: Any) -> None:
    """Run the jobs of a file and print what each found and cost; with `out`, write each report into that folder.

    Raises:
        InvalidOptionError: the file or the folder cannot be used.
        Exit: a job is incomplete.
    """
    with faults_of("--jobs"):
        jobs = graph_module("seo", "jobs").read_jobs(file)
        for job in jobs:
            demand_urls("--jobs", [job.target, *job.competitors])
            if not job.competitors and options["search"] is None:
                raise ValueError(f"{file}: {job.target} has no competitors; name some, or give --search")
    if out is not None and not out.is_dir():
        raise InvalidOptionError("--out", f"there is no folder {out}; with --jobs each report is a file in it")
    done: dict[str, Report] = {}

    def keep(job: Any, report: Report) -> None:
        done[job.thread_id] = report
        for entry in report["errors"]:
            render.note(f"{entry['url']}: {entry['stage']}: {entry['error']}")
        if out is not None and is_complete(report):
            with faults_of("--out"):
                graph_module("seo", "report_file").write_report(report, out / f"{_file_name(job.thread_id)}.html")

    many_runs(by.router, jobs, runs=runs, each=keep, simulated=by.simulator is not None, **options)
    reports = {job.thread_id: done[job.thread_id] for job in jobs}
    if json:
        render.as_json([{"id": name, **report} for name, report in reports.items()])
    else:
        _show(reports)
    if not all(map(is_complete, reports.values())):
        raise typer.Exit(1)


def is_complete(report: Report) -> bool:
    """Return whether there is anything to go by: the target read, a competitor read, recommendations made."""
    read = {page["url"] for page in report["pages"]}
    return report["target"] in read and len(read) > 1 and bool(report["recommendations"])


def demand_urls(option: str, urls: list[str]) -> None:
    """Check that all are addresses of web pages.

    Raises:
        InvalidOptionError: one is not.
    """
    for url in urls:
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url:
            raise InvalidOptionError(option, f"{url!r} is no address of a web page, http:// or https:// and a host")


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
