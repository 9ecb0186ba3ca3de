"""A ready LangGraph graph: classify -> specialist -> fallback.

graph = create_router_graph(RouterChatModel(), specialists={"code": my_coding_agent})
graph.invoke({"messages": [("human", "Why does this loop never end?")]})
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NotRequired, cast

from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, RunnableLambda
from langgraph.config import get_stream_writer
from langgraph.errors import NodeError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel
from langgraph.types import Command

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.dispatch.failures import short
from langchain_modelrouter.errors import InvalidOptionError

Specialist = BaseChatModel | Runnable[Any, Any] | Callable[..., Any]
"""A model, which gets the messages; or an agent, a graph or any runnable, which gets the state."""

CLASSIFY, SPECIALIST, FALLBACK = "classify", "specialist", "fallback"


def add_usd(total: float | None, more: float | None) -> float | None:
    """Return the sum; None, unknown, where one of them is."""
    return None if total is None or more is None else total + more


class RouterState(MessagesState):
    """The state of the graph; everything beside the messages is plain data."""

    force_model: NotRequired[str | None]
    """A model to use instead of the chosen one: key, alias or api_name."""
    category: NotRequired[str]
    """The task that the last request was classified as."""
    route: NotRequired[dict[str, Any]]
    """The decision, as `Decision.to_dict()` gives it."""
    model: NotRequired[str | None]
    """The model that answered: its key, or the name that a specialist of its own gives it."""
    path: NotRequired[list[str]]
    """The nodes of the last run, in their order."""
    cost_usd: Annotated[float | None, add_usd]
    """All routed calls of the thread, in USD; None where a price is unknown."""
    error: NotRequired[str | None]
    """Why the specialist failed, where the fallback had to answer."""


def create_router_graph(
    router: RouterChatModel,
    *,
    specialists: Mapping[str, Specialist] | None = None,
    fallback: Specialist | None = None,
    prompts: Mapping[str, str] | None = None,
    checkpointer: Any = None,
    store: Any = None,
    name: str = "router",
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Return a graph that classifies each request, hands it to the specialist of its task, and falls back.

    Args:
        router: classifies, and answers the tasks that have no specialist of their own.
        specialists: task to a model, an agent or a subgraph. They keep their own tools and state.
        fallback: answers where a specialist fails; by default the router with its default task.
        prompts: task to the system prompt that goes before the messages of a model.
        checkpointer: for memory per thread; none by default.
        store: a LangGraph store for the nodes.
        name: the name of the graph, as a subgraph and as a tool.

    Raises:
        InvalidOptionError: a specialist has the name of a node of the graph.
    """
    specialists, prompts = dict(specialists or {}), dict(prompts or {})
    if taken := {CLASSIFY, SPECIALIST, FALLBACK} & set(specialists):
        raise InvalidOptionError("specialists", f"{', '.join(sorted(taken))} is a node of the graph; rename the task")
    builder = StateGraph(RouterState)

    def classify(state: RouterState, config: RunnableConfig) -> Command[str]:
        forced = state.get("force_model")
        options = {"model": forced} if forced else {}
        decision = router.decide(state["messages"], config, **options)
        route = decision.to_dict()
        get_stream_writer()({"node": CLASSIFY, "category": decision.task, "model": decision.model.key})
        node = decision.task if decision.task in specialists and not forced else SPECIALIST
        return Command(
            goto=node,
            update={"category": decision.task, "route": route, "path": [CLASSIFY], "model": None, "error": None},
        )

    def recover(state: RouterState, error: NodeError) -> Command[str]:
        if not isinstance(error.error, ModelError | OSError | TimeoutError):
            raise error.error
        return Command(goto=FALLBACK, update={"error": short(error.error), "path": [*state["path"], error.node]})

    def chosen(state: RouterState) -> Runnable[Any, Any]:
        forced = state.get("force_model")
        model = router.bind(model=forced) if forced else router.for_task(state["category"])
        return _node(SPECIALIST, cast(Specialist, model), prompts.get(state["category"]))

    builder.add_node(CLASSIFY, classify, destinations=(*specialists, SPECIALIST))
    builder.add_node(SPECIALIST, RunnableLambda(chosen), error_handler=recover)
    for task, specialist in specialists.items():
        builder.add_node(task, _node(task, specialist, prompts.get(task)), error_handler=recover)
    default = router.for_task(router.engine.snapshot.config.routing.default_task)
    builder.add_node(FALLBACK, _node(FALLBACK, fallback or default, prompts.get(FALLBACK)))
    builder.add_edge(START, CLASSIFY)
    for node in (SPECIALIST, FALLBACK, *specialists):
        builder.add_edge(node, END)
    return builder.compile(checkpointer=checkpointer, store=store, name=name)


def _node(name: str, specialist: Specialist, prompt: str | None) -> Runnable[Any, Any]:
    """Return a node around a specialist; sync, async and streaming as the specialist itself is."""

    def update(state: RouterState, messages: list[BaseMessage]) -> dict[str, Any]:
        records = [message.response_metadata.get("model_router") for message in messages]
        known = [record for record in records if record]
        cost_usd: float | None = 0.0
        for record in known:
            cost_usd = add_usd(cost_usd, record["cost_usd"])
        return {
            "messages": messages,
            "model": known[-1]["model"] if known else messages[-1].response_metadata.get("model_name"),
            "path": [*state["path"], name],
            "cost_usd": cost_usd,
        }

    def answer(state: RouterState) -> Runnable[Any, dict[str, Any]]:
        inputs: Any = state
        if _is_model(specialist):
            inputs = [*([SystemMessage(prompt)] if prompt else []), *state["messages"]]
        elif isinstance(specialist, Pregel):
            inputs = {"messages": state["messages"]}
        runnable: Runnable[Any, Any] = specialist if isinstance(specialist, Runnable) else RunnableLambda(specialist)
        given: Runnable[Any, Any] = RunnableLambda(lambda _: inputs, name="input")
        return given | runnable | (lambda output: update(state, _new(state, output)))

    return RunnableLambda(answer, name=name)


def _is_model(specialist: Specialist) -> bool:
    while isinstance(specialist, RunnableBinding):
        specialist = specialist.bound
    return isinstance(specialist, BaseChatModel)


def _new(state: RouterState, output: Any) -> list[BaseMessage]:
    """Return the messages that a specialist added."""
    if isinstance(output, BaseMessage):
        return [output]
    if isinstance(output, str):
        return [AIMessage(output)]
    seen = {message.id for message in state["messages"]}
    return [message for message in output["messages"] if message.id not in seen]
