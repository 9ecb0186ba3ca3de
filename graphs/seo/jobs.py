"""Many pages in one go: jobs from a file of JSON lines, each a run of its own that can be taken up again."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graphs.seo.run import arun_seo
from langchain_modelrouter import RouterChatModel


class Job(BaseModel):
    """One line: `{"target": url, "competitors": [url, ...], "keyword": "...", "id": "..."}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Annotated[str, Field(min_length=1)]
    competitors: tuple[str, ...] = ()
    keyword: str | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        """The `id`, else the name under which the run is kept."""
        return self.id or self.thread_id

    @property
    def thread_id(self) -> str:
        """The name under which the run is kept; it follows from the whole job, so that a job that changes is run."""
        return f"{self.id or 'seo'}-{sha256(self.model_dump_json().encode()).hexdigest()[:16]}"


def read_jobs(path: Path) -> list[Job]:
    """Return the jobs of the file, repeated ones once.

    Raises:
        ValueError: all faults, each as `file:line: what`.
        OSError: the file cannot be read.
    """
    jobs: dict[str, Job] = {}
    faults: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            job = Job.model_validate(json.loads(line))
        except ValidationError as error:
            faults += [
                f"{path}:{number}: {'.'.join(map(str, fault['loc'])) or 'the line'}: {fault['msg']}"
                for fault in error.errors(include_url=False)
            ]
        except ValueError as error:
            faults.append(f"{path}:{number}: no JSON: {error}")
        else:
            if jobs.setdefault(job.name, job) != job:
                faults.append(f"{path}:{number}: id: {job.id!r} names another job already")
    if faults:
        raise ValueError("\n".join(faults))
    return list(jobs.values())


async def arun_jobs(
    router: RouterChatModel,
    jobs: Sequence[Job],
    *,
    checkpointer: BaseCheckpointSaver[Any],
    at_once: int = 4,
    is_valid: Callable[[dict[str, Any], Mapping[str, Any]], bool] = lambda report, metadata: True,
    **options: Any,
) -> AsyncGenerator[tuple[Job, dict[str, Any]]]:
    """Yield each job with its report as it is done; jobs that were done before are not paid for again.

    Args:
        checkpointer: keeps all runs; called again with the same one, the work goes on where it stood.
        at_once: how many jobs run at the same time.
        is_valid: says of the report of a job that was done before, and of the `metadata` that it was run with,
            whether it stands; if not, the job is run anew.
        options: passed on to `arun_seo`.
    """
    places = asyncio.Semaphore(at_once)

    async def done(job: Job) -> tuple[Job, dict[str, Any]]:
        async with places:
            kept = await checkpointer.aget_tuple({"configurable": {"thread_id": job.thread_id}})
            before = kept.checkpoint["channel_values"].get("report") if kept is not None else None
            if kept is not None and before is not None and not is_valid(before, kept.metadata):
                await checkpointer.adelete_thread(job.thread_id)
            report = await arun_seo(
                router,
                target=job.target,
                competitors=job.competitors,
                keyword=job.keyword,
                checkpointer=checkpointer,
                thread_id=job.thread_id,
                **options,
            )
        return job, report

    tasks = [asyncio.create_task(done(job)) for job in jobs]
    try:
        for next_done in asyncio.as_completed(tasks):
            yield await next_done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
