"""One run of the pipeline in a process of its own, which may kill itself in a node.

Imported once by the server that such processes are forked from.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from graphs.seo.agents import Agents
from graphs.seo.charset import decoded
from graphs.seo.extract import page_facts
from graphs.seo.page_facts import PageFacts
from graphs.seo.parse_pool import ParsePool
from graphs.seo.reader import Reader
from graphs.seo.run import arun_seo
from graphs.seo.search import SavedResults
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger


@dataclass(frozen=True, slots=True)
class Job:
    """Where the run's files are, and what it is about."""

    folder: Path
    target: str

    @property
    def checkpoints(self) -> str:
        return str(self.folder / "runs.sqlite")


class ParsedHere(ParsePool):
    """Parses in this process: how workers die is shown elsewhere, and each would import the parser anew."""

    async def facts(self, body: bytes, *, charset: str | None, url: str) -> PageFacts:
        return page_facts(decoded(body, charset), url)

    async def robots_allow(self, robots_txt: bytes, *, url: str) -> bool:
        return True


def run(job: Job, kill_in: str | None) -> None:
    """Run the job, or take it up again; with `kill_in` end by SIGKILL in that node."""
    router = RouterChatModel(job.folder / "router.yaml")
    assert isinstance(router.ledger, SqliteLedger)
    if kill_in is not None:
        _kill_in(kill_in, router.ledger)
    asyncio.run(_run(router, job))
    router.ledger.close()  # a process that was forked so skips what is registered for the exit


async def _run(router: RouterChatModel, job: Job) -> None:
    async with AsyncSqliteSaver.from_conn_string(job.checkpoints) as saver:
        await arun_seo(
            router,
            target=job.target,
            search=SavedResults(job.folder / "results.json"),
            competitors_wanted=3,
            max_concurrency=1,
            reader=Reader(allow_private=True, pool=ParsedHere()),
            checkpointer=saver,
            thread_id="job",
        )


def _kill_in(node: str, ledger: SqliteLedger) -> None:
    """Have the node killed as it begins; the one that reads pages when its third call was answered, not yet stored."""
    name = "_scraped" if node == "content_scraping" else node
    original, entered = getattr(Agents, name), 0

    async def killed(self: Agents, state: Any) -> Any:
        nonlocal entered
        entered += 1
        update = await original(self, state) if node == "content_scraping" else None
        if node != "content_scraping" or entered == 3:
            assert ledger.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return update

    setattr(Agents, name, killed)
