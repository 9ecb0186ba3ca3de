"""What a person may write about retries, limits, health, money and records."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from langchain_modelrouter.catalog.model_info import PositiveFloat, Usd
from langchain_modelrouter.dispatch.failure_signs import KINDS
from langchain_modelrouter.strict import Strict

Ratio = Annotated[float, Field(ge=0, le=1)]


class RetryConfig(Strict):
    """How often one model is asked again, and how long to wait before."""

    same_model: Annotated[int, Field(ge=0, le=10)] = 1
    """Retries of the same model after a transient failure; 0 is valid."""
    budget_ratio: Ratio = 0.2
    """Retries and hedges, as a share of requests; never fewer than three are allowed."""
    hedge_ratio: Ratio = 0.0
    """Second requests after a model's own 95th percentile, as a share of requests; 0: none. Never for streams."""
    backoff_base_s: Annotated[float, Field(ge=0)] = 0.25
    backoff_cap_s: Annotated[float, Field(ge=0)] = 8.0


class LimitsConfig(Strict):
    """How long a call and its parts may take, in seconds."""

    deadline_s: PositiveFloat | None = 120.0
    connect_timeout_s: PositiveFloat = 5.0
    ttft_timeout_s: PositiveFloat | None = 20.0
    """Longest wait for the first content of a stream."""
    idle_timeout_s: PositiveFloat | None = 30.0
    """Longest silence between two chunks of a stream."""
    stream_buffer: Literal["none", "until_done"] = "none"
    """`until_done` holds a stream back until it is complete, so that a caller never sees a partial."""
    empty_answer: Literal["fallback", "return"] = "fallback"
    """What to do with an answer that has no content, no tool call and no refusal."""
    invalid_tool_calls: Literal["return", "fallback"] = "return"
    """What to do with tool-call arguments that are not JSON."""
    content_filter: Literal["raise", "fallback"] = "raise"
    """What to do when a provider's filter refuses the input."""


class BreakerConfig(Strict):
    """When a failing model rests, and for how long. Defaults: Envoy outlier detection, resilience4j, Polly."""

    consecutive_failures: Annotated[int, Field(ge=1)] = 5
    failure_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_calls: Annotated[int, Field(ge=1)] = 5
    window_s: PositiveFloat = 60.0
    open_s: PositiveFloat = 5.0
    open_max_s: PositiveFloat = 300.0
    slow_ratio: PositiveFloat = 5.0
    """A call this many times slower than the model's catalogue speed or own median counts as slow."""
    slow_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The share of slow calls in the window from which the model rests."""


class BudgetConfig(Strict):
    """A ceiling on what may be spent over a window."""

    name: str
    usd: Usd
    per: Literal["call", "run", "thread", "day", "month", "tag", "user"]
    when_exceeded: Literal["downgrade", "fail", "interrupt"] = "downgrade"
    warn_at: Ratio = 0.8
    preset: str | None = None
    """The preset to downgrade to; by default the cheapest model that is able."""


class LedgerConfig(Strict):
    """Where the record of every attempt goes."""

    path: Path | None = None
    """None: memory; a path: SQLite."""
    strict: bool = False
    """Refuse a call before it spends where the ledger cannot record it."""
    queue_size: Annotated[int, Field(ge=1)] = 10_000
    retention_days: Annotated[int, Field(ge=1)] | None = None


FailureAction = Literal["retry", "next_model", "larger_window", "raise"]


class FailuresConfig(Strict):
    """Actions that override the built-in failure table, by kind of failure."""

    actions: Mapping[str, FailureAction] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _kinds_are_known(self) -> "FailuresConfig":
        for kind in self.actions:
            if kind not in KINDS:
                raise ValueError(f"no kind of failure {kind!r}; known: {', '.join(KINDS)}")
        return self
