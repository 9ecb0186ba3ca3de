"""OpenTelemetry: a span per routed call with a child per attempt, and metrics, by the GenAI conventions.

router = RouterChatModel(callbacks=[OpenTelemetryHandler()])

It needs the extra `otel`, and an SDK that the application has set up; without one it does nothing. Prompts and answers
stay out of it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from opentelemetry import trace
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, set_span_in_context

from langchain_modelrouter.routing.request import NOTHING
from langchain_modelrouter.telemetry import names

SCOPE = "langchain_modelrouter"


@dataclass(slots=True)
class _AttemptSpan:
    """A child that has ended, but for its price: that is known when the routed call ends."""

    span: Span
    facts: dict[str, Any]
    started_ns: int
    ended_ns: int | None = None
    error: BaseException | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _CallSpan:
    span: Span
    attempts: list[_AttemptSpan] = field(default_factory=list)


class OpenTelemetryHandler(BaseCallbackHandler):
    """A callback handler of the router; give it to the router or to the graph above it. Thread-safe."""

    run_inline = True

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = get_meter(SCOPE, meter_provider=meter_provider)
        self._tokens = meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens of one attempt",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        )
        self._seconds = meter.create_histogram(
            names.OPERATION_DURATION, "s", "One attempt", explicit_bucket_boundaries_advisory=names.SECONDS_BUCKETS
        )
        self._cost = meter.create_counter(names.COST, "USD", "Cost of attempts whose price is known")
        self._lock = Lock()
        self._calls: dict[UUID, _CallSpan] = {}
        self._attempts: dict[UUID, _AttemptSpan] = {}

    # --- the routed call -------------------------------------------------------------------------

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, metadata: dict[str, Any] | None = None, **_kwargs: Any
    ) -> None:
        """Open the span of a routed call; other chains have none."""
        if not metadata or names.MARK not in metadata:
            return
        span = self._tracer.start_span(names.ROUTED_CALL, kind=SpanKind.INTERNAL)
        _set(span, {names.PRESET: metadata[names.MARK], names.CONVERSATION: metadata.get("thread_id")})
        _set(span, {names.OI_KIND: "CHAIN"})
        with self._lock:
            self._calls[run_id] = _CallSpan(span)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        """Close it with what the router says of the call."""
        if (call := self._taken(run_id)) is None:
            return
        message = outputs.get("output") if isinstance(outputs, Mapping) else None
        record = message.response_metadata.get("model_router", {}) if isinstance(message, AIMessage) else {}
        facts = {
            names.TASK: record.get("task"),
            names.TASK_SOURCE: record.get("task_source"),
            names.PRESET: record.get("preset"),
            names.STRATEGY: record.get("strategy"),
            names.REASON: record.get("reason"),
            names.MODEL: record.get("model"),
            names.PROVIDER: record.get("provider"),
            names.DECISION_MS: record.get("decision_ms"),
            names.ATTEMPTS: len(record.get("attempts", ())),
            names.COST: record.get("cost_usd"),
            names.OI_COST: record.get("cost_usd"),
        }
        if isinstance(message, AIMessage):
            facts[names.RESPONSE_MODEL] = message.response_metadata.get("model_name")
        _set(call.span, facts)
        self._close(call, record.get("attempts", ()), record.get("task"))

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        """Close it with its error."""
        if (call := self._taken(run_id)) is None:
            return
        _fail(call.span, error)
        self._close(call, getattr(error, "attempts", ()), None)

    def _taken(self, run_id: UUID) -> _CallSpan | None:
        with self._lock:
            return self._calls.pop(run_id, None)

    def _close(self, call: _CallSpan, attempts: Sequence[Mapping[str, Any]], task: str | None) -> None:
        left = list(attempts)
        for child in sorted(call.attempts, key=lambda one: one.ended_ns or time.time_ns()):
            cost_usd = _cost_of(child, left)
            _set(child.span, {names.COST: cost_usd, names.OI_COST: cost_usd})
            labels = {key: child.facts[key] for key in _LABELS if child.facts.get(key) is not None}
            if cost_usd:
                self._cost.add(cost_usd, {**labels, **({} if task is None else {names.TASK: task})})
            child.span.end(child.ended_ns)
        call.span.end()

    # --- its attempts ----------------------------------------------------------------------------

    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Open the span of an attempt, under the name of the model that is asked."""
        with self._lock:
            call = None if parent_run_id is None else self._calls.get(parent_run_id)
        if call is None:
            return
        said = metadata or {}
        model, provider = said.get("ls_model_name"), said.get("ls_provider")
        facts = {
            names.OPERATION: "chat",
            names.PROVIDER: provider,
            names.REQUEST_MODEL: model,
            names.REQUEST_TEMPERATURE: said.get("ls_temperature"),
            names.REQUEST_MAX_TOKENS: said.get("ls_max_tokens"),
            names.CONVERSATION: said.get("thread_id"),
            names.OI_KIND: "LLM",
            names.OI_MODEL: model,
            names.OI_PROVIDER: provider,
        }
        started_ns = time.time_ns()
        context = set_span_in_context(call.span)
        span = self._tracer.start_span(f"chat {model}", context, SpanKind.CLIENT, start_time=started_ns)
        _set(span, facts)
        attempt = _AttemptSpan(span, facts, started_ns)
        with self._lock:
            self._attempts[run_id] = attempt
            call.attempts.append(attempt)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_kwargs: Any) -> None:
        """Note the answer's tokens."""
        if (attempt := self._ended(run_id)) is None:
            return
        message = getattr(response.generations[0][0], "message", None) if response.generations else None
        if isinstance(message, AIMessage):
            metadata = message.response_metadata
            usage: Mapping[str, Any] = message.usage_metadata or NOTHING
            finish, input_tokens = metadata.get("finish_reason"), usage.get("input_tokens")
            output_tokens = usage.get("output_tokens")
            attempt.usage = usage
            facts = {
                names.RESPONSE_MODEL: metadata.get("model_name"),
                names.RESPONSE_ID: message.id,
                names.RESPONSE_FINISH_REASONS: [finish] if finish else None,
                names.INPUT_TOKENS: input_tokens,
                names.OUTPUT_TOKENS: output_tokens,
                names.CACHED_TOKENS: (usage.get("input_token_details") or {}).get("cache_read"),
                names.REASONING_TOKENS: (usage.get("output_token_details") or {}).get("reasoning"),
                names.OI_INPUT_TOKENS: input_tokens,
                names.OI_OUTPUT_TOKENS: output_tokens,
                names.OI_TOTAL_TOKENS: usage.get("total_tokens"),
            }
            _set(attempt.span, facts)
            attempt.facts |= {names.RESPONSE_MODEL: metadata.get("model_name")}
        self._measure(attempt)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        """Note the error; its text may quote a prompt, so that only its type is told."""
        if (attempt := self._ended(run_id)) is None:
            return
        attempt.error = error
        _fail(attempt.span, error)
        self._measure(attempt)

    def _ended(self, run_id: UUID) -> _AttemptSpan | None:
        with self._lock:
            attempt = self._attempts.pop(run_id, None)
        if attempt is not None:
            attempt.ended_ns = time.time_ns()
        return attempt

    def _measure(self, attempt: _AttemptSpan) -> None:
        labels = {key: attempt.facts[key] for key in _LABELS if attempt.facts.get(key) is not None}
        seconds = ((attempt.ended_ns or attempt.started_ns) - attempt.started_ns) / 1e9
        wrong = {} if attempt.error is None else {names.ERROR_TYPE: type(attempt.error).__name__}
        self._seconds.record(seconds, {**labels, **wrong})
        for kind in ("input", "output"):
            if tokens := attempt.usage.get(f"{kind}_tokens"):
                self._tokens.record(tokens, {**labels, names.TOKEN_TYPE: kind})


_LABELS = (names.OPERATION, names.PROVIDER, names.REQUEST_MODEL, names.RESPONSE_MODEL)


def _cost_of(child: _AttemptSpan, attempts: list[Mapping[str, Any]]) -> float | None:
    """Take the record that belongs to a span out of the list, and return its cost."""
    is_ok, tokens = child.error is None, child.usage.get("output_tokens")
    for attempt in attempts:
        if (attempt["outcome"] == "ok") is is_ok and tokens in (None, attempt["output_tokens"]):
            attempts.remove(attempt)
            cost_usd: float | None = attempt["cost_usd"]
            return cost_usd
    return None


def _set(span: Span, facts: Mapping[str, Any]) -> None:
    """Set what is known; a thread that lost a race may bring more after the end, which is dropped."""
    if span.is_recording():
        span.set_attributes({name: value for name, value in facts.items() if value is not None})


def _fail(span: Span, error: BaseException) -> None:
    if span.is_recording():
        span.set_attribute(names.ERROR_TYPE, type(error).__name__)
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
