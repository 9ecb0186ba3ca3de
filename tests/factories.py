"""Valid values with one knob turned."""

from typing import Any

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.routing.decision import Candidate, Signals
from langchain_modelrouter.routing.router import Router
from langchain_modelrouter.routing.settings import FallbackConfig, RoutingConfig, TaskConfig


def model_info(key: str = "one", **facts: Any) -> ModelInfo:
    """A model at provider `p` at a dollar per million tokens, with a window of 8,000."""
    plain = {
        "provider": "p",
        "api_name": key,
        "canonical": key,
        "size": "small",
        "input_usd_per_mtok": "1",
        "output_usd_per_mtok": "1",
        "context_window": 8000,
        "capabilities": {"tools", "json_schema"},
    }
    return ModelInfo(**{"key": key, **plain, **facts})


def registry_of(*models: ModelInfo, aliases: dict[str, str] | None = None) -> ModelRegistry:
    providers = {model.provider: Provider(key=model.provider) for model in models}
    return ModelRegistry({model.key: model for model in models}, providers, aliases)


def candidate(model: ModelInfo, position: int = 0, **signals: Any) -> Candidate:
    return Candidate(model, position, Signals(**signals))


def router_of(
    *models: ModelInfo,
    preset: dict[str, tuple[str, ...]] | None = None,
    tasks: dict[str, TaskConfig] | None = None,
    routing: RoutingConfig | None = None,
    fallback: FallbackConfig | None = None,
    aliases: dict[str, str] | None = None,
    **more: Any,
) -> Router:
    """A router whose preset sends everything to the first model."""
    return Router(
        registry_of(*models, aliases=aliases),
        tasks=tasks or {"general": TaskConfig(), "code": TaskConfig()},
        presets={"mine": preset or {"default": (models[0].key,)}},
        preset="mine",
        routing=routing or RoutingConfig(),
        fallback=fallback or FallbackConfig(),
        **more,
    )
