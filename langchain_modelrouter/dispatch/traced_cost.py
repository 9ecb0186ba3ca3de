"""Let LangSmith show what an attempt really cost, instead of a price from its own table under a similar name.

LangSmith reads `total_cost` from the usage metadata of a traced answer. Everybody else must not see it there, since
langchain-core 1.7 cannot add up usages that hold a float: so it is put in for the tracer alone, and taken out again.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from langchain_core.callbacks.base import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.usage import usage_of


def priced(config: RunnableConfig, model: ModelInfo) -> RunnableConfig:
    """Return the config of an attempt under which LangSmith's tracer sees the attempt's cost."""
    manager = config.get("callbacks")
    if not isinstance(manager, BaseCallbackManager) or not model.is_priced:
        return config
    from langchain_core.tracers.langchain import LangChainTracer

    def around_tracers(handlers: Iterable[BaseCallbackHandler]) -> Iterator[BaseCallbackHandler]:
        for handler in handlers:
            if isinstance(handler, LangChainTracer):
                yield from (_PutCostIn(model), handler, _TakeCostOut())
            else:
                yield handler

    if not any(isinstance(handler, LangChainTracer) for handler in manager.handlers):
        return config
    manager = manager.copy()
    manager.handlers = list(around_tracers(manager.handlers))
    manager.inheritable_handlers = list(around_tracers(manager.inheritable_handlers))
    return {**config, "callbacks": manager}


class _PutCostIn(BaseCallbackHandler):
    run_inline = True

    def __init__(self, model: ModelInfo) -> None:
        self._model = model

    def on_llm_end(self, response: LLMResult, **_kwargs: Any) -> None:
        for message in _messages(response):
            usage = usage_of(message)
            if usage is not None and "total_cost" not in (message.usage_metadata or ()):
                cost_usd = float(usage.cost_usd(self._model) or 0)
                _set(message, {**(message.usage_metadata or {}), "total_cost": cost_usd})


class _TakeCostOut(BaseCallbackHandler):
    run_inline = True

    def on_llm_end(self, response: LLMResult, **_kwargs: Any) -> None:
        for message in _messages(response):
            usage = dict(message.usage_metadata or {})
            if isinstance(usage.get("total_cost"), float):  # a reply from a cache holds the number 0
                del usage["total_cost"]
                _set(message, usage)


def _messages(response: LLMResult) -> Iterator[AIMessage]:
    for generations in response.generations:
        for generation in generations:
            if isinstance(message := getattr(generation, "message", None), AIMessage):
                yield message


def _set(message: AIMessage, usage: dict[str, Any]) -> None:
    message.usage_metadata = cast(UsageMetadata, usage)
