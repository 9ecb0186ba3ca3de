"""One LangChain chat model that routes each call, survives outages and says what it cost."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
    from langchain_modelrouter.catalog.registry import ModelRegistry
    from langchain_modelrouter.chat_model import RouterChatModel
    from langchain_modelrouter.config import RouterConfig
    from langchain_modelrouter.errors import (
        AllModelsFailedError,
        BudgetExceededError,
        ConfigError,
        DeadlineExceededError,
        ModelRouterError,
        NoEligibleModelError,
        StreamInterruptedError,
        UnknownModelError,
        UnknownPresetError,
        UnknownTaskError,
    )
    from langchain_modelrouter.routing.decision import Candidate, Decision
    from langchain_modelrouter.routing.request import RouteRequest
    from langchain_modelrouter.tasks import get_llm_for_task

_HOMES = {
    "AllModelsFailedError": "errors",
    "BudgetExceededError": "errors",
    "Candidate": "routing.decision",
    "ConfigError": "errors",
    "DeadlineExceededError": "errors",
    "Decision": "routing.decision",
    "ModelInfo": "catalog.model_info",
    "ModelRegistry": "catalog.registry",
    "ModelRouterError": "errors",
    "NoEligibleModelError": "errors",
    "Provider": "catalog.model_info",
    "RouteRequest": "routing.request",
    "RouterChatModel": "chat_model",
    "RouterConfig": "config",
    "StreamInterruptedError": "errors",
    "UnknownModelError": "errors",
    "UnknownPresetError": "errors",
    "UnknownTaskError": "errors",
    "get_llm_for_task": "tasks",
}
"""Where each public name lives: looked up on first use, so that the command line starts fast."""

__all__ = [
    "AllModelsFailedError",
    "BudgetExceededError",
    "Candidate",
    "ConfigError",
    "DeadlineExceededError",
    "Decision",
    "ModelInfo",
    "ModelRegistry",
    "ModelRouterError",
    "NoEligibleModelError",
    "Provider",
    "RouteRequest",
    "RouterChatModel",
    "RouterConfig",
    "StreamInterruptedError",
    "UnknownModelError",
    "UnknownPresetError",
    "UnknownTaskError",
    "get_llm_for_task",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
