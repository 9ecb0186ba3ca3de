"""Routing for agents whose own model is something else: middleware for `langchain.agents.create_agent`.

    agent = create_agent("openai:gpt-5", tools, middleware=[ModelRouterMiddleware(RouterChatModel())])

Needs the extra `agents`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NotRequired, cast

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime
from langgraph.types import Command

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError

Scope = Literal["call", "run"]


class ModelRouteState(AgentState[Any]):
    """The agent's state with the last decision in it."""

    model_route: NotRequired[dict[str, Any] | None]
    """`response_metadata["model_router"]` of the last model call, as plain data."""


class ModelRouterMiddleware(AgentMiddleware[ModelRouteState, Any, Any]):
    """Sends each model call of an agent through a router: same decisions, same fallbacks, same accounting.

    The record of the last call is in the agent's state under `model_route`.
    """

    state_schema = ModelRouteState

    def __init__(
        self,
        router: RouterChatModel | None = None,
        *,
        scope: Scope = "call",
        **options: Any,
    ) -> None:
        """Make the middleware.

        Args:
            router: by default one over the configuration in force.
            scope: `call` decides anew for each call; `run` keeps the first call's model for the whole run of the
                agent, unless it fails.
            options: of each call, such as `task`, `preset` or `route_tags`.

        Raises:
            InvalidOptionError: there is no such scope.
        """
        super().__init__()
        if scope not in ("call", "run"):
            raise InvalidOptionError("scope", f"{scope!r} is no scope; use 'call' or 'run'")
        self.router, self.scope, self.options = router or RouterChatModel(), scope, options

    def before_agent(self, state: ModelRouteState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Forget the route of an earlier run of the thread."""
        return {"model_route": None} if state.get("model_route") else None

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Let the router answer, and put its record into the state."""
        return _with_route(handler(self._routed(request)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ExtendedModelResponse[Any]:
        """Let the router answer, and put its record into the state."""
        return _with_route(await handler(self._routed(request)))

    def _routed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        options = dict(self.options)
        route = cast(ModelRouteState, request.state).get("model_route")
        if self.scope == "run" and route:
            options |= {"model": route["model"], "fallback": True, "task": route["task"]}
        return request.override(model=self.router, model_settings={**request.model_settings, **options})


def _with_route(response: ModelResponse[Any]) -> ExtendedModelResponse[Any]:
    answers = [message for message in response.result if isinstance(message, AIMessage)]
    record = answers[-1].response_metadata.get("model_router") if answers else None
    return ExtendedModelResponse(response, Command(update={"model_route": record}))
