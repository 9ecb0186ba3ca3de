"""Who makes a call: the run, the thread and the user that the books know it by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig


@dataclass(frozen=True, slots=True)
class Caller:
    """What a call's config says about where it comes from; None where it says nothing."""

    run_id: str | None = None
    thread_id: str | None = None
    user: str | None = None


NOBODY = Caller()


def caller_of(config: RunnableConfig) -> Caller:
    """Return the caller of a config.

    The run is the `run_id` of `configurable`, of the metadata or of the LangGraph run, else the run that the call is a
    child of. Give a graph a `run_id` where its calls shall count as one run.
    """
    if not (config.get("configurable") or config.get("metadata") or config.get("callbacks")):
        return NOBODY
    configurable: Mapping[str, Any] = config.get("configurable") or {}
    metadata: Mapping[str, Any] = config.get("metadata") or {}

    def said(name: str) -> Any:
        value = configurable.get(name)
        return metadata.get(name) if value is None else value

    run_id = said("run_id") or _graph_run_id(configurable) or getattr(config.get("callbacks"), "parent_run_id", None)
    user, thread_id = said("user_id"), configurable.get("thread_id")
    return Caller(
        run_id=None if run_id is None else str(run_id),
        thread_id=None if thread_id is None else str(thread_id),
        user=None if user is None else str(user),
    )


def _graph_run_id(configurable: Mapping[str, Any]) -> Any:
    runtime = configurable.get("__pregel_runtime")
    return None if runtime is None else getattr(getattr(runtime, "execution_info", None), "run_id", None)
