"""Fit a call to the model that was chosen: its tools, its schema, its parameters."""

from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableBinding

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.structured import NEEDS, StructuredOutput

STRUCTURED = "structured_output"
"""Keyword under which a deferred schema travels; it reaches no client."""

_WITH_TOOLS = ("tool_choice", "strict", "parallel_tool_calls")


def needs_of(kwargs: Mapping[str, Any]) -> set[str]:
    """Return the capabilities that the keywords of a call ask of a model."""
    needs: set[str] = set()
    if kwargs.get("tools") or kwargs.get("functions"):
        needs.add("tools")
    structured = kwargs.get(STRUCTURED)
    if structured is not None:
        need = NEEDS[structured.method]
        needs.update([need] if need else [])
    response_format = kwargs.get("response_format")
    if response_format is not None and (
        not isinstance(response_format, Mapping) or response_format.get("type") == "json_schema"
    ):
        needs.add("json_schema")
    return needs


def fitted(client: BaseChatModel, model: ModelInfo, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of one call as `client` takes them.

    Tools and schemas are bound by the client's own `bind_tools` and `with_structured_output`, now that it is
    known which client that is. Empty tool lists and parameters that the model refuses are left out.
    """
    rest = dict(kwargs)
    structured: StructuredOutput | None = rest.pop(STRUCTURED, None)
    bound: dict[str, Any] = {}
    if "tools" in rest:
        bound.update(_bound_tools(client, rest))
    if structured is not None:
        bound.update(structured.bind(client))
    rest = {name: value for name, value in rest.items() if value is not None}
    if model.drop_params:
        rest = {name: value for name, value in rest.items() if name not in model.drop_params}
    return {**rest, **bound}


def _bound_tools(client: BaseChatModel, rest: dict[str, Any]) -> dict[str, Any]:
    """Take what belongs to tools out of `rest` and return it as the client binds it; without tools, only a format."""
    tools = list(rest.pop("tools") or ())
    options = {name: value for name in _WITH_TOOLS if (value := rest.pop(name, None)) is not None}
    response_format = rest.pop("response_format", None)
    if response_format is not None:
        options["response_format"] = response_format
    elif not tools:
        return {}
    bound = _kwargs_of(client.bind_tools(tools, **options))
    return bound if tools else {name: value for name, value in bound.items() if name not in ("tools", *_WITH_TOOLS)}


def _kwargs_of(bound: Any) -> dict[str, Any]:
    """Return the keywords that a binding, or a chain of bindings, holds."""
    kwargs: dict[str, Any] = {}
    while isinstance(bound, RunnableBinding):
        kwargs = {**bound.kwargs, **kwargs}
        bound = bound.bound
    return kwargs
