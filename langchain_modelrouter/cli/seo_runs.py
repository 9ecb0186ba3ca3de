"""Runs of the SEO pipeline: one, one that is kept to be taken up again, and many in one go."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.errors import InvalidOptionError

RUNS_FILE = Path("modelrouter-runs.sqlite")
"""Where runs that are to be taken up again are kept, unless another file is named."""

Report = dict[str, Any]


def one_run(router: Any, *, runs: Path, thread: str | None, **options: Any) -> Report:
    """Return the report of one run; with a `thread` it is kept, and goes on where it stood.

    Raises:
        InvalidOptionError: neither a target is named nor is there a run of that thread.
    """
    if thread is None:
        report: Report = graph_module("seo").run_seo(router, **options)
        return report
    return asyncio.run(_kept_run(router, runs, thread, options))


async def _kept_run(router: Any, runs: Path, thread: str, options: dict[str, Any]) -> Report:
    async with _checkpointer(runs) as saver:
        if not options["target"]:
            found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
            if found is None:
                raise InvalidOptionError("--resume", f"{runs} holds no run {thread!r}; give --target to start one")
            values = found.checkpoint["channel_values"]
            options |= {key: values[key] for key in ("target", "competitors", "keyword") if key in values}
        report: Report = await graph_module("seo").arun_seo(router, checkpointer=saver, thread_id=thread, **options)
        return report


def many_runs(router: Any, jobs: list[Any], *, runs: Path, each: Callable[[Any, Report], None], **options: Any) -> None:
    """Run all jobs, at most four at a time, and hand each report over as it is done; what was done is not repeated."""
    asyncio.run(_many_runs(router, jobs, runs, each, options))


async def _many_runs(
    router: Any, jobs: list[Any], runs: Path, each: Callable[[Any, Report], None], options: dict[str, Any]
) -> None:
    arun_jobs = graph_module("seo", "jobs").arun_jobs
    async with _checkpointer(runs) as saver:
        with _bar(len(jobs)) as advance:
            async for job, report in arun_jobs(router, jobs, checkpointer=saver, **options):
                advance()
                each(job, report)


@asynccontextmanager
async def _checkpointer(runs: Path) -> AsyncIterator[Any]:
    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    except ModuleNotFoundError as error:
        extra = "pip install 'langchain-modelrouter[seo]'"
        raise InvalidOptionError("seo", f"keeping runs needs {error.name}, which is not installed: {extra}") from None
    async with AsyncSqliteSaver.from_conn_string(str(runs)) as saver:
        yield saver


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Give a function that moves a progress bar on; there is one on a terminal only."""
    if not render.is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        row = bars.add_task("jobs", total=total)
        yield lambda: bars.advance(row)
