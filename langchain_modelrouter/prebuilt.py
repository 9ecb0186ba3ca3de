"""A ready LangGraph graph: classify -> specialist -> fallback.

graph = create_router_graph(RouterChatModel(), specialists={"code": my_coding_agent})
graph.invoke({"messages": [("human", "Why does this loop never end?")]})
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import StructuredTool
from langgraph.config import get_stream_writer
from langgraph.errors import NodeError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel
from langgraph.types import Command

from langchain_modelrouter.asking import adecide, decide
from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.dispatch.failures import classify as failure_of
from langchain_modelrouter.dispatch.failures import short
from langchain_modelrouter.engine import EXPECTED_OUTPUT_TOKENS
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.graph_budget import GraphBudget, Held, SpendingState, over, usd_of, usd_of_failure
from langchain_modelrouter.options import take_options
from langchain_modelrouter.routing.decision import Decision

Specialist = BaseChatModel | Runnable[Any, Any] | Callable[..., Any]
"""A model, which gets the messages; or an agent, a graph or any runnable, which gets the state."""

CLASSIFY, SPECIALIST, FALLBACK = "classify", "specialist", "fallback"

_BUGS = (TypeError, LookupError, AttributeError, NameError, ImportError, AssertionError, NotImplementedError)
"""Errors of the program: no fallback hides them. Whatever else a specialist raises is a failure of what it needs."""


class RouterInput(MessagesState, total=False):
    """What the graph takes."""

    task: str | None
    """A task to use instead of the classified one. A thread keeps it until it is set to None."""
    force_model: str | None
    """A model to use instead of the chosen one: key, alias or api_name. A thread keeps it until it is set to None."""


class RouterState(RouterInput, SpendingState, total=False):
    """The state of the graph; everything beside the messages is plain data."""

    forced: str | None
    """The model that this run is forced to; a budget that is spent comes first."""
    category: str
    """The task that the last request was classified as."""
    route: dict[str, Any]
    """The decision, as `Decision.to_dict()` gives it."""
    model: str | None
    """The model that answered: its key, or the name that a specialist of its own gives it."""
    path: list[str]
    """The nodes of the last run, in their order."""
    error: str | None
    """Why the specialist failed, where the fallback had to answer."""


def create_router_graph(
    router: RouterChatModel,
    *,
    specialists: Mapping[str, Specialist] | None = None,
    fallback: Specialist | None = None,
    prompts: Mapping[str, str] | None = None,
    budget: GraphBudget | None = None,
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
        budget: where it is spent, the router's calls go to another preset, those inside of specialists too.
        checkpointer: for memory per thread; none by default.
        store: a LangGraph store for the nodes.
        name: the name of the graph, as a subgraph and as a tool.

    Raises:
        InvalidOptionError: a specialist has the name of a node of the graph.
        UnknownTaskError: a specialist is for a task that the router does not know.
        UnknownPresetError: the budget names a preset that the router does not have.
    """
    specialists, prompts = dict(specialists or {}), dict(prompts or {})
    if taken := {CLASSIFY, SPECIALIST, FALLBACK} & set(specialists):
        raise InvalidOptionError("specialists", f"{', '.join(sorted(taken))} is a node of the graph; rename the task")
    for task in specialists:
        router.for_task(task)
    if budget is not None:
        router.with_preset(budget.preset)
        budget = replace(budget, config_prefix=router.config_prefix)
    builder = StateGraph(RouterState, input_schema=RouterInput)

    def asked(state: RouterState, config: RunnableConfig) -> dict[str, Any]:
        forced = (
            state.get("force_model") or take_options({}, config.get("configurable", {}), router.config_prefix).model
        )
        return {"model": forced, "task": state.get("task")}

    def classify(state: RouterState, config: RunnableConfig) -> Command[str]:
        options = asked(state, config)
        return handed(state, config, options["model"], *decide(router, state["messages"], config, **options))

    async def aclassify(state: RouterState, config: RunnableConfig) -> Command[str]:
        options = asked(state, config)
        return handed(state, config, options["model"], *await adecide(router, state["messages"], config, **options))

    def handed(
        state: RouterState, config: RunnableConfig, forced: str | None, decision: Decision, cost_usd: float | None
    ) -> Command[str]:
        update: dict[str, Any] = {"path": [CLASSIFY], "model": None, "error": None, "cost_usd": cost_usd}
        if budget is not None:
            held = _held(budget, state, decision)
            update |= {**budget.begin(state), **held.update}
            if held.configurable:
                forced = None
                decision = _instead(router, state, config, held, decision)
        update |= {"category": decision.task, "route": decision.to_dict(), "forced": forced}
        get_stream_writer()({"node": CLASSIFY, "category": decision.task, "model": decision.model.key})
        return Command(goto=decision.task if decision.task in specialists and not forced else SPECIALIST, update=update)

    def recover(state: RouterState, error: NodeError) -> Command[str]:
        if isinstance(error.error, _BUGS) or failure_of(error.error).kind == "cancelled":
            raise error.error
        update = {
            "error": _said(error),
            "path": [*state["path"], error.node],
            "cost_usd": usd_of_failure(error.error),
        }
        return Command(goto=FALLBACK, update=update)

    def chosen(state: RouterState) -> Runnable[Any, Any]:
        forced = state.get("forced")
        model = router.bind(model=forced) if forced else router.for_task(state["category"])
        return _node(SPECIALIST, model, prompts.get(state["category"]), budget)

    def node(task: str, specialist: Specialist) -> Runnable[Any, Any]:
        return _node(task, specialist, prompts.get(task), budget)

    classifying: Runnable[Any, Any] = RunnableLambda(classify, aclassify)
    handler: Any = recover
    builder.add_node(CLASSIFY, classifying, destinations=(*specialists, SPECIALIST))
    builder.add_node(SPECIALIST, RunnableLambda(chosen), error_handler=handler)
    for task, specialist in specialists.items():
        builder.add_node(task, node(task, specialist), error_handler=handler)
    default = router.for_task(router.engine.snapshot.config.routing.default_task)
    builder.add_node(FALLBACK, node(FALLBACK, fallback or default))
    builder.add_edge(START, CLASSIFY)
    for end in (SPECIALIST, FALLBACK, *specialists):
        builder.add_edge(end, END)
    return builder.compile(checkpointer=checkpointer, store=store, name=name)


def create_router_tool(
    graph: CompiledStateGraph[Any, Any, Any, Any], *, name: str = "ask_specialist", description: str
) -> StructuredTool:
    """Return a tool with which an agent hands one request to the graph and gets the text of the answer.

    Args:
        description: tells the agent's model what the tool is for.
    """

    def text(state: Mapping[str, Any]) -> str:
        return str(state["messages"][-1].text)

    def ask(request: str, config: RunnableConfig) -> str:
        return text(graph.invoke({"messages": [HumanMessage(request)]}, config))

    async def aask(request: str, config: RunnableConfig) -> str:
        return text(await graph.ainvoke({"messages": [HumanMessage(request)]}, config))

    return StructuredTool.from_function(ask, aask, name=name, description=description)


def _node(name: str, specialist: Specialist, prompt: str | None, budget: GraphBudget | None) -> Runnable[Any, Any]:
    """Return a node around a specialist; sync, async and streaming as the specialist itself is."""

    def update(state: RouterState, messages: list[BaseMessage]) -> dict[str, Any]:
        known = [record for message in messages if (record := message.response_metadata.get("model_router"))]
        return {
            "messages": messages,
            "model": known[-1]["model"] if known else messages[-1].response_metadata.get("model_name"),
            "path": [*state["path"], name],
            "cost_usd": usd_of(messages),
        }

    def answer(state: RouterState) -> Runnable[Any, dict[str, Any]]:
        inputs: Any = state
        if _is_model(specialist):
            inputs = [*([SystemMessage(prompt)] if prompt else []), *state["messages"]]
        elif isinstance(specialist, Pregel):
            inputs = {"messages": state["messages"]}
        runnable: Runnable[Any, Any] = specialist if isinstance(specialist, Runnable) else RunnableLambda(specialist)
        if budget is not None and state["budget"]["preset"] is not None:
            runnable = over(runnable, budget.instead())
        given: Runnable[Any, Any] = RunnableLambda(lambda _: inputs, name="input")
        return given | runnable | (lambda output: update(state, _new(state, output)))

    return RunnableLambda(answer, name=name)


def _said(error: NodeError) -> str:
    """Return the failure in a few words that quote no prompt and no key."""
    if failure_of(error.error).kind == "bug":
        return f"{type(error.error).__name__} in {error.node}"
    return short(error.error)


def _held(budget: GraphBudget, state: RouterState, decision: Decision) -> Held:
    """Check the budget against what is spent and what the chosen model is expected to take."""
    begun = {**state, **budget.begin(state)}
    tokens = count_tokens_approximately(state["messages"])
    expected_usd = decision.model.cost_usd(tokens, EXPECTED_OUTPUT_TOKENS)
    return budget.check(begun, expected_usd=None if expected_usd is None else float(expected_usd))


def _instead(
    router: RouterChatModel, state: RouterState, config: RunnableConfig, held: Held, before: Decision
) -> Decision:
    """Return the decision for the same task under what the budget leaves."""
    instead = RunnableConfig(configurable={**config.get("configurable", {}), **held.configurable})
    decision = router.decide(state["messages"], merge_configs(config, instead), task=before.task)
    return decision.with_(task_source=before.task_source, confidence=before.confidence)


def _is_model(specialist: Specialist) -> bool:
    while isinstance(specialist, RunnableBinding):
        specialist = cast(Specialist, specialist.bound)
    return isinstance(specialist, BaseChatModel)


def _new(state: RouterState, output: Any) -> list[BaseMessage]:
    """Return the messages that a specialist added."""
    if isinstance(output, BaseMessage):
        return [output]
    if isinstance(output, str):
        return [AIMessage(output)]
    seen = {message.id for message in state["messages"]}
    return [message for message in output["messages"] if message.id not in seen]
