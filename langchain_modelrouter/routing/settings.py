"""What a person may write about tasks, rules and strategies."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from langchain_modelrouter.catalog.model_info import Capability, Size, Usd
from langchain_modelrouter.strict import Strict

ClassifierName = Literal["local", "rules", "complexity", "semantic", "llm", "cascade", "decisions", "none"]


class TaskConfig(Strict):
    """The kind of work asked for, with its size, temperature and limits."""

    size: Size = "medium"
    """The size of model that fits; used where no preset names one."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    requires: frozenset[Capability] = frozenset()
    description: str = ""
    complexity: Literal["low", "medium", "high"] | None = None
    source: str | None = None


class RuleWhen(Strict):
    """The conditions of one rule; all that are given must hold."""

    keywords: tuple[str, ...] = ()
    """Any of them, as whole words, in any case, in the last human text."""
    tags: frozenset[str] = frozenset()
    """All of them, among the call's `route_tags`."""
    min_input_tokens: Annotated[int, Field(ge=0)] | None = None
    max_input_tokens: Annotated[int, Field(ge=0)] | None = None
    min_words: Annotated[int, Field(ge=0)] | None = None
    max_words: Annotated[int, Field(ge=0)] | None = None
    has_images: bool | None = None
    has_tools: bool | None = None
    has_schema: bool | None = None
    last_message: Literal["human", "ai", "tool", "system"] | None = None
    min_turn: Annotated[int, Field(ge=1)] | None = None
    min_difficulty: Annotated[float, Field(ge=0, le=1)] | None = None
    """How much the last human text needs a strong model, in [0, 1]; `modelrouter calibrate` finds the threshold."""
    max_difficulty: Annotated[float, Field(ge=0, le=1)] | None = None
    metadata: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """Keys and values that the caller's metadata must hold."""


class RuleThen(Strict):
    """What a rule sets: the task, the model, or both."""

    task: str | None = None
    model: str | None = None


class RuleConfig(Strict):
    """A named condition with a priority that sets the task or the model."""

    name: str
    priority: int = 0
    """The highest goes first; rules of one priority go in the order of the file."""
    when: RuleWhen = RuleWhen()
    then: RuleThen


class BalancedWeights(Strict):
    """How much price, latency and quality count for `balanced`, and what nobody may exceed."""

    price: Annotated[float, Field(ge=0)] = 1.0
    latency: Annotated[float, Field(ge=0)] = 1.0
    quality: Annotated[float, Field(ge=0)] = 1.0
    max_cost_usd: Usd | None = None
    max_latency_s: Annotated[float, Field(gt=0)] | None = None
    min_quality: Annotated[float, Field(ge=0, le=1)] | None = None
    on_no_candidates: Literal["fail", "nearest", "cheapest"] = "nearest"


class RoutingConfig(Strict):
    """How a task and a model are chosen."""

    classifier: ClassifierName = "local"
    classifier_model: str | None = None
    """The model that the classifiers `llm`, `cascade` and `decisions` ask."""
    classifier_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """`cascade` asks the model when the local confidence is below this."""
    classifier_timeout_s: Annotated[float, Field(gt=0)] = 2.0
    category_tasks: Mapping[str, str] = Field(default_factory=dict)
    """What a category of the classifier means here; by default a task of the same name."""
    routes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Task to example utterances, for the `semantic` classifier."""
    embedding_model: str | None = None
    default_task: str = "general"
    strategy: str = "preset"
    rules: tuple[RuleConfig, ...] = ()
    splits: Mapping[str, Mapping[str, Annotated[float, Field(ge=0)]]] = Field(default_factory=dict)
    """Model to the shares of its traffic, such as `{a: {a: 90, b: 10}}`."""
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Model to weight, for the `weighted` strategy."""
    balanced: BalancedWeights = BalancedWeights()
    fastest_buffer: Annotated[float, Field(ge=0)] = 0.1
    """`fastest` draws among models that are at most this share slower than the fastest."""
    saturation: Annotated[int, Field(gt=0)] | None = None
    """Calls in flight from which a model counts as saturated, and traffic shifts to the next one."""
    sticky: bool = True
    """Keep one thread on its model while the task stays and the model works."""
    max_cost_usd: Usd | None = None
    """Refuse models whose expected cost for one request is above this."""

    @field_validator("splits")
    @classmethod
    def _has_share(cls, value: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        for name, shares in value.items():
            if not shares or sum(shares.values()) <= 0:
                raise ValueError(f"the shares of {name!r} add up to 0; give at least one model a share above 0")
        return value


FallbackOrder = Literal["same_canonical", "same_size", "larger"]


class FallbackConfig(Strict):
    """Which models follow the chosen ones."""

    order: tuple[FallbackOrder, ...] = ("same_canonical", "same_size", "larger")
    max_models: Annotated[int, Field(ge=1, le=20)] = 3
    """Distinct models that one call may try."""
    models: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Model to its own fallbacks, which go before those of `order`."""

    @field_validator("models", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: [names] if isinstance(names, str) else names for key, names in value.items()}
        return value
