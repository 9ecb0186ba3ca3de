from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.outputs import LLMResult
from langchain_core.tracers.langchain import LangChainTracer
from langchain_core.tracers.schemas import Run
from langsmith import Client

from tests.doors import Door, record
from tests.telemetry.test_otel import USAGE, Observed


class Tracer(LangChainTracer):
    """LangSmith's tracer, which keeps its runs instead of sending them; its copies keep them in the same place."""

    @property
    def models(self) -> list[Run]:
        return cast("list[Run]", self.client.models)  # type: ignore[attr-defined]

    def _persist_run_single(self, run: Run) -> None:
        pass

    def _update_run_single(self, run: Run) -> None:  # type: ignore[override]
        if run.run_type == "llm":
            self.models.append(run)


def tracer_with_a_list() -> Tracer:
    client = MagicMock(spec=Client)
    client.models = []
    return Tracer(client=client)


class Usages(BaseCallbackHandler):
    run_inline = True

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_llm_end(self, response: LLMResult, **_kwargs: Any) -> None:
        self.seen.append(dict(response.generations[0][0].message.usage_metadata))  # type: ignore[union-attr]


async def test_langsmith_sees_who_served_after_a_fallback_and_what_it_cost(door: Door) -> None:
    observed, tracer, before, after = Observed(ConnectionError("no"), "yes"), tracer_with_a_list(), Usages(), Usages()
    answer = await door(observed.router, "hi", {"callbacks": [before, tracer, after]})
    failed, served = tracer.models
    assert failed.error
    metadata = served.extra["metadata"]
    assert (metadata["ls_provider"], metadata["ls_model_name"]) == ("q", "beta")
    assert metadata["usage_metadata"]["total_cost"] == pytest.approx(record(answer)["cost_usd"])
    assert "total_cost" not in answer.usage_metadata
    assert before.seen == after.seen == [USAGE]


async def test_usages_still_add_up_beside_it(door: Door) -> None:
    observed, total = Observed("yes", "yes"), UsageMetadataCallbackHandler()
    for _ in range(2):
        await door(observed.router, "hi", {"callbacks": [tracer_with_a_list(), total]})
    assert total.usage_metadata["alpha"]["input_tokens"] == 2000
