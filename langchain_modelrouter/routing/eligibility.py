"""Which models can serve a request at all; each refusal is a reason in words."""

from decimal import Decimal

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.routing.decision import Signals
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import TaskConfig


def refusal(
    model: ModelInfo,
    request: RouteRequest,
    task: TaskConfig,
    signals: Signals,
    *,
    ceiling_usd: Decimal | None = None,
) -> str | None:
    """Return why `model` cannot serve `request`, or None where it can.

    Args:
        ceiling_usd: the most that this call is expected to cost, in USD.
    """
    if signals.unavailable is not None:
        return signals.unavailable
    has = model.capabilities
    if "embeddings" in has:
        return "it makes embeddings and is no chat model"
    if not (request.needs <= has and task.requires <= has):
        lacking = sorted((request.needs | task.requires) - has)
        return f"it lacks {', '.join(lacking)}; declare it under `capabilities` if it has that"
    if model.context_window is not None and request.input_tokens + request.output_tokens > model.context_window:
        return (
            f"about {request.input_tokens} tokens in and {request.output_tokens} out exceed its context window "
            f"of {model.context_window}"
        )
    if request.tags and (unmet := _unmet_tag(model, request)) is not None:
        return f"the call asks for {unmet}"
    if ceiling_usd is not None:
        return _over_ceiling(model, request, ceiling_usd)
    return None


def _unmet_tag(model: ModelInfo, request: RouteRequest) -> str | None:
    """Return the first `name=value` tag of the request that the model does not carry; bare tags are for rules."""
    for tag in sorted(request.tags):
        name, is_demand, value = tag.partition("=")
        if is_demand and model.tags.get(name) != value:
            return tag
    return None


def _over_ceiling(model: ModelInfo, request: RouteRequest, ceiling_usd: Decimal) -> str | None:
    expected = model.cost_usd(request.input_tokens, request.output_tokens)
    if expected is None:
        return f"its price is unknown, so it may cost more than the ceiling of ${ceiling_usd}"
    if expected > ceiling_usd:
        return f"it is expected to cost ${expected:.6f}, above the ceiling of ${ceiling_usd}"
    return None
