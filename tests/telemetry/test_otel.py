import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.race import race
from langchain_modelrouter.errors import AllModelsFailedError
from langchain_modelrouter.telemetry import names
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import Door, record

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_modelrouter.telemetry.otel import OpenTelemetryHandler

USAGE = {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500}


class Observed:
    """A router over two models, and what its telemetry exports."""

    def __init__(self, *replies: Any, **options: Any) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers, self.meters = TracerProvider(), MeterProvider(metric_readers=[self.reader])
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        handler = OpenTelemetryHandler(tracer_provider=tracers, meter_provider=self.meters)
        price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
        config = {
            "extends": "none",
            "preset": "mine",
            "providers": {"p": {"base_url": "http://127.0.0.1:9/v1"}, "q": {"base_url": "http://127.0.0.1:9/v1"}},
            "models": {
                "first": {"provider": "p", "api_name": "alpha", **price},
                "second": {"provider": "q", "api_name": "beta", **price},
            },
            "presets": {"mine": {"default": ["first", "second"]}},
            "routing": {"classifier": "none"},
        }
        clients = {
            key: ScriptedChatModel([reply], cyclic=True, model_name=name, provider=provider, usage=USAGE)
            for key, name, provider, reply in zip(
                ("first", "second"), ("alpha", "beta"), ("p", "q"), replies, strict=True
            )
        }
        self.router = RouterChatModel(config, clients=clients, callbacks=[handler], **options)

    def spans(self) -> tuple[ReadableSpan, list[ReadableSpan]]:
        """Return the span of the one call, and those of its attempts in the order in which they began."""
        found: Sequence[ReadableSpan] = self.exporter.get_finished_spans()
        (call,) = [span for span in found if span.name == names.ROUTED_CALL]
        children = sorted((span for span in found if span is not call), key=lambda span: span.start_time or 0)
        for child in children:
            assert child.parent is not None
            assert child.parent.span_id == call.context.span_id
        return call, children

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


async def test_a_call_that_fell_back_has_a_span_and_one_for_each_attempt(door: Door) -> None:
    observed = Observed(ConnectionError("a secret thing"), "yes")
    answer = await door(observed.router, "a secret question", {"configurable": {"thread_id": "t"}})
    call, (failed, served) = observed.spans()
    told = dict(call.attributes or {})
    assert told[names.TASK] == "general"
    assert told[names.PRESET] == "mine"
    assert told[names.MODEL] == "second"
    assert told[names.RESPONSE_MODEL] == "beta"
    assert told[names.ATTEMPTS] == 2
    assert told[names.COST] == told[names.OI_COST] == record(answer)["cost_usd"] == pytest.approx(0.002)
    wrong, right = dict(failed.attributes or {}), dict(served.attributes or {})
    assert (failed.name, served.name) == ("chat alpha", "chat beta")
    assert (wrong[names.PROVIDER], right[names.PROVIDER]) == ("p", "q")
    assert wrong[names.ERROR_TYPE] == "ConnectionError"
    assert not failed.status.is_ok
    assert served.status.is_ok
    assert (right[names.INPUT_TOKENS], right[names.OUTPUT_TOKENS]) == (1000, 500)
    assert (right[names.OI_MODEL], right[names.OI_KIND], right[names.OI_TOTAL_TOKENS]) == ("beta", "LLM", 1500)
    assert right[names.OI_COST] == pytest.approx(0.002)
    everything = repr([(span.attributes, span.events, span.status.description) for span in (call, failed, served)])
    assert "secret" not in everything


async def test_a_call_that_failed_ends_all_its_spans_with_errors(door: Door) -> None:
    observed = Observed(ConnectionError("no"), ConnectionError("no"))
    with pytest.raises(AllModelsFailedError):
        await door(observed.router, "hi")
    call, attempts = observed.spans()
    assert len(attempts) == 2
    assert not any(span.status.is_ok for span in (call, *attempts))
    assert dict(call.attributes or {})[names.ERROR_TYPE] == "AllModelsFailedError"


async def test_metrics_of_tokens_duration_and_cost(door: Door) -> None:
    observed = Observed(ConnectionError("no"), "yes")
    await door(observed.router, "hi")
    tokens = {point.attributes[names.TOKEN_TYPE]: point.sum for point in observed.points(names.TOKEN_USAGE)}
    assert tokens == {"input": 1000, "output": 500}
    errors = [point.attributes.get(names.ERROR_TYPE) for point in observed.points(names.OPERATION_DURATION)]
    assert sorted(errors, key=str) == ["ConnectionError", None]
    (cost,) = observed.points(names.COST)
    assert cost.value == pytest.approx(0.002)
    assert (cost.attributes[names.PROVIDER], cost.attributes[names.TASK]) == ("q", "general")


def test_a_race_ends_each_span_once() -> None:
    observed = Observed("yes", "also", dispatch=lambda call, _snapshot: race(call.decision, runners=2))
    asyncio.run(observed.router.ainvoke("hi"))
    _call, attempts = observed.spans()
    assert [span.name for span in attempts] == ["chat alpha", "chat beta"]


def test_other_chains_have_no_span() -> None:
    observed = Observed("yes", "yes")
    chain = RunnableLambda(lambda text: text) | observed.router
    chain.invoke("hi", {"callbacks": list(observed.router.callbacks or ())})  # type: ignore[arg-type]
    _call, attempts = observed.spans()
    assert len(attempts) == 1
