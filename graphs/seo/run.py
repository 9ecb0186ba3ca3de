"""The pipeline as one call."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Durability

from graphs.seo.pipeline import SeoGraph, build
from graphs.seo.search import SearchProvider
from graphs.seo.state import SeoInput
from langchain_modelrouter import RouterChatModel

Progress = Callable[[dict[str, Any]], None]
Approve = Callable[[dict[str, Any]], bool]


class NotApprovedError(Exception):
    """A person has looked at the report and does not want it published."""


async def arun_seo(
    router: RouterChatModel,
    *,
    target: str,
    competitors: Sequence[str] = (),
    keyword: str | None = None,
    search: SearchProvider | None = None,
    allow_private: bool = False,
    on_progress: Progress | None = None,
    approve: Approve | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    thread_id: str | None = None,
    metadata: Mapping[str, str | int | float | bool] | None = None,
    **build_options: Any,
) -> dict[str, Any]:
    """Return the report on the target page; failures of pages and models are entries of its `errors`.

    Args:
        on_progress: called with each event, `{"agent": ..., "event": ..., ...}`.
        approve: shown the finished report; asked before it is returned.
        checkpointer: keeps the run; one that was cut off goes on where it stood when called with its
            `thread_id` again, without repeating a call that was answered.
        metadata: stored with the checkpoints, and seen by whoever traces the run.
        build_options: passed on to `build`.

    Raises:
        ValueError: there is neither a competitor nor a search provider, or the thread is a run on another target.
        NotApprovedError: `approve` said no.
    """
    if not competitors and search is None:
        raise ValueError("nothing to compare with: give at least one competitor or a search provider")
    if approve is not None and checkpointer is None:
        checkpointer = InMemorySaver()
    graph = build(
        router,
        search=search,
        allow_private=allow_private,
        approve=approve is not None,
        checkpointer=checkpointer,
        **build_options,
    )
    config: RunnableConfig = {"configurable": {"thread_id": thread_id or uuid4().hex}, "metadata": dict(metadata or {})}
    start = SeoInput(target=target, competitors=list(competitors), keyword=keyword)
    before = await graph.aget_state(config) if checkpointer is not None else None
    if before is not None and before.values.get("target", target) != target:
        raise ValueError(f"the run {thread_id!r} is on {before.values['target']}, not on {target}")
    if before is not None and before.values and not before.next:
        state = before.values
    else:
        go_on = before is not None and bool(before.next)
        state = await _streamed(graph, None if go_on else start, config, on_progress)
    if approve is not None and "approved" not in state:
        answer = approve(state["report"])
        stopped = await graph.aget_state(config)
        # A run that was finished by a graph that asks nobody has no gate to pass.
        state = await _streamed(graph, Command(resume=answer), config, on_progress) if stopped.next else state
        state = {**state, "approved": answer}
    if approve is not None and not state["approved"]:
        raise NotApprovedError("the report was not approved")
    return cast("dict[str, Any]", state["report"])


def run_seo(router: RouterChatModel, **options: Any) -> dict[str, Any]:
    """Return what `arun_seo` returns, blocking."""
    return asyncio.run(arun_seo(router, **options))


async def _streamed(
    graph: SeoGraph,
    start: SeoInput | Command[Any] | None,
    config: RunnableConfig,
    on_progress: Progress | None,
) -> dict[str, Any]:
    """Run the graph to its end or next interrupt; return the state.

    Each step is stored before the next begins: what the next one pays for can be lost, what was paid for cannot.
    """
    state: dict[str, Any] = {}
    durability: Durability | None = "sync" if graph.checkpointer is not None else None
    async for mode, event in graph.astream(start, config, stream_mode=["custom", "values"], durability=durability):
        if mode == "values":
            state = cast("dict[str, Any]", event)
        elif on_progress is not None:
            on_progress(cast("dict[str, Any]", event))
    return state
