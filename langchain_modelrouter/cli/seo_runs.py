"""Runs of the SEO pipeline: each is kept, so that one that was cut off can be taken up again."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import Answering, answering
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.errors import InvalidOptionError

CHECKPOINTS = Path("modelrouter-seo.sqlite")
"""Where runs are kept, unless another file is named."""

Report = dict[str, Any]
_KEPT = "modelrouter_seo"


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked for; kept with the run, so that its name is enough to take it up again."""

    target: str | None = None
    competitors: tuple[str, ...] = ()
    keyword: str | None = None
    search: str | None = None
    max_pages: int | None = None
    allow_private: bool = False
    approve: bool = False
    preset: str | None = None
    config: str | None = None
    is_simulated: bool | None = None
    """None where nobody has said: then it depends on whether a provider has a key."""

    def taken_up(self, now: "Run") -> "Run":
        """Return this run with what is asked for now on top.

        Raises:
            InvalidOptionError: that would be another run.
        """
        for field in ("target", "competitors", "keyword"):
            kept, wanted = getattr(self, field), getattr(now, field)
            if wanted and wanted != kept:
                option = f"--{field.removesuffix('s')}"
                raise InvalidOptionError(option, "the run of that name has another; give this one a name of its own")
        if now.is_simulated not in (None, self.is_simulated):
            began = "the simulator" if self.is_simulated else "real models"
            raise InvalidOptionError("--resume", f"the run began on {began}; give one of another kind its own name")
        return replace(
            self,
            search=now.search or self.search,
            max_pages=now.max_pages or self.max_pages,
            allow_private=now.allow_private or self.allow_private,
            approve=now.approve or self.approve,
            preset=now.preset or self.preset,
            config=now.config or self.config,
        )

    def answering(self) -> AbstractContextManager[Answering]:
        """Return what gives the router for this run."""
        return answering(
            Path(self.config) if self.config is not None else None,
            live=self.is_simulated is False,
            simulate=self.is_simulated is True,
            preset=self.preset,
        )

    def kept(self) -> dict[str, str]:
        """Return what is stored with the run."""
        return {_KEPT: json.dumps(asdict(self))}

    def options(self) -> dict[str, Any]:
        """Return what shapes the graph."""
        pages = {"competitors_wanted": self.max_pages} if self.max_pages is not None else {}
        return {"allow_private": self.allow_private, "simulated": bool(self.is_simulated), **pages}


def is_complete(report: Report) -> bool:
    """Return whether there is anything to go by: the target read, a competitor read, recommendations made."""
    read = {page["url"] for page in report["pages"]}
    return report["target"] in read and len(read) > 1 and bool(report["recommendations"])


def demand_urls(option: str, urls: Iterable[str]) -> None:
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


def kept_run(checkpoints: Path, thread: str) -> Run | None:
    """Return the run of that name; None where there is none."""
    return asyncio.run(_kept_run(checkpoints, thread)) if checkpoints.is_file() else None


def one_run(router: Any, run: Run, *, checkpoints: Path, thread: str, **options: Any) -> Report:
    """Return the report of a run; it is kept under its name, and goes on where it stood."""
    return asyncio.run(_one_run(router, run, checkpoints, thread, options))


def many_runs(
    router: Any, jobs: list[Any], *, checkpoints: Path, each: Callable[[Any, Report], None], **options: Any
) -> None:
    """Run all jobs, at most four at a time, and hand each report over as it is done; what was done is not repeated."""
    asyncio.run(_many_runs(router, jobs, checkpoints, each, options))


async def _kept_run(checkpoints: Path, thread: str) -> Run | None:
    async with _checkpointer(checkpoints) as saver:
        found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
    if found is None or _KEPT not in found.metadata:
        return None
    asked = json.loads(found.metadata[_KEPT])
    return Run(**{**asked, "competitors": tuple(asked["competitors"])})


async def _one_run(router: Any, run: Run, checkpoints: Path, thread: str, options: dict[str, Any]) -> Report:
    async with _checkpointer(checkpoints) as saver:
        report: Report = await graph_module("seo").arun_seo(
            router,
            target=run.target,
            competitors=run.competitors,
            keyword=run.keyword,
            checkpointer=saver,
            thread_id=thread,
            metadata=run.kept(),
            **run.options(),
            **options,
        )
        return report


async def _many_runs(
    router: Any, jobs: list[Any], checkpoints: Path, each: Callable[[Any, Report], None], options: dict[str, Any]
) -> None:
    arun_jobs = graph_module("seo", "jobs").arun_jobs
    async with _checkpointer(checkpoints) as saver:
        with _bar(len(jobs)) as advance:
            async for job, report in arun_jobs(router, jobs, checkpointer=saver, **options):
                advance()
                each(job, report)


@asynccontextmanager
async def _checkpointer(file: Path) -> AsyncIterator[Any]:
    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    except ModuleNotFoundError as error:
        extra = "pip install 'langchain-modelrouter[seo]'"
        raise InvalidOptionError("seo", f"keeping runs needs {error.name}, which is not installed: {extra}") from None
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise InvalidOptionError("--checkpoints", f"{file}: runs cannot be kept there: {error}") from None
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        yield saver


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Give a function that moves a progress bar on; there is one on a terminal only."""
    if not render.is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("jobs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        row = bars.add_task("jobs", total=total)
        yield lambda: bars.advance(row)
