import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, UnknownModelError, UnknownPresetError, UnknownTaskError
from langchain_modelrouter.graph_budget import GraphBudget
from langchain_modelrouter.prebuilt import create_router_graph, create_router_tool
from langchain_modelrouter.routing.request import RouteRequest
from tests.doors import scripted, text_of

Graph = Any
CODE = {"messages": [("human", "debug my code")]}
HELLO = {"messages": [("human", "hello there")]}


def by_keyword(request: RouteRequest) -> str | None:
    return next((task for task in ("code", "agent") if task in request.text), None)


def router(*, general: Any = "general says", code: Any = "code says", agent: Any = "agent says") -> RouterChatModel:
    replies = {"general": general, "code": code, "agent": agent}
    models = {
        task: scripted(*(reply if isinstance(reply, list) else [reply]), name=f"{task}-model", cyclic=True)
        for task, reply in replies.items()
    }
    return RouterChatModel.from_models(models, classifier=by_keyword, max_retries=0)


async def run(graph: Graph, given: Any, config: Any = None, *, is_async: bool) -> dict[str, Any]:
    state: dict[str, Any] = await graph.ainvoke(given, config) if is_async else graph.invoke(given, config)
    return state


def thread(name: str = "1", **configurable: Any) -> Any:
    return {"configurable": {"thread_id": name, **configurable}}


@pytest.mark.parametrize("is_async", [False, True])
async def test_hands_each_request_to_the_model_of_its_task(is_async: bool) -> None:
    graph = create_router_graph(router())
    code, hello = [await run(graph, given, is_async=is_async) for given in (CODE, HELLO)]
    assert (code["category"], code["model"], code["path"]) == ("code", "code-model", ["classify", "specialist"])
    assert (hello["category"], text_of(hello["messages"][-1])) == ("general", "general says")


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_failed_specialist_leads_to_the_fallback(is_async: bool) -> None:
    graph = create_router_graph(router(code=ConnectionError("gone")))
    state = await run(graph, CODE, is_async=is_async)
    assert text_of(state["messages"][-1]) == "general says"
    assert state["path"] == ["classify", "specialist", "fallback"]
    assert "AllModelsFailedError" in state["error"]


def test_the_next_run_forgets_the_error() -> None:
    graph = create_router_graph(router(code=[ConnectionError("gone"), "code says"]), checkpointer=InMemorySaver())
    assert graph.invoke(CODE, thread())["error"] is not None
    assert graph.invoke(CODE, thread())["error"] is None


def failing(error: BaseException) -> Any:
    def specialist(_state: Any) -> str:
        raise error

    return specialist


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), ValueError("secret"), FileNotFoundError("secret"), GraphRecursionError("secret")]
)
def test_whatever_a_specialist_depends_on_may_fail(error: Exception) -> None:
    state = create_router_graph(router(), specialists={"code": failing(error)}).invoke(CODE)
    assert state["path"] == ["classify", "code", "fallback"]
    assert state["error"] == f"{type(error).__name__} in code"


@pytest.mark.parametrize("bug", [TypeError("a bug"), NotImplementedError("a bug"), KeyError("a bug")])
def test_a_bug_of_a_specialist_stays_a_bug(bug: Exception) -> None:
    with pytest.raises(type(bug), match="a bug"):
        create_router_graph(router(), specialists={"code": failing(bug)}).invoke(CODE)


def test_a_specialist_may_be_a_model_a_function_or_a_graph() -> None:
    inner = StateGraph(MessagesState).add_node("n", lambda _: {"messages": [AIMessage("graph says")]})
    specialists: dict[str, Any] = {
        "code": lambda state: f"function sees {len(state['messages'])}",
        "agent": inner.add_edge(START, "n").compile(),
        "general": scripted("model says", name="own"),
    }
    graph = create_router_graph(router(), specialists=specialists)
    said = [graph.invoke({"messages": [HumanMessage(text)]}) for text in ("code", "agent", "hello")]
    assert [text_of(state["messages"][-1]) for state in said] == ["function sees 1", "graph says", "model says"]
    assert said[2]["model"] == "own"


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_specialist_may_be_an_agent_that_uses_tools(is_async: bool) -> None:
    def lookup(order: str) -> str:
        """Look up an order."""
        return f"order {order} is on its way"

    call = AIMessage("", tool_calls=[{"name": "lookup", "args": {"order": "7"}, "id": "c1"}])
    routed = router(agent=[call, "It is on its way."])
    agent = create_agent(routed.for_task("agent"), [lookup])
    state = await run(
        create_router_graph(routed, specialists={"agent": agent}), {"messages": "an agent"}, is_async=is_async
    )
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert state["messages"][2].content == "order 7 is on its way"
    assert state["path"] == ["classify", "agent"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_an_interrupt_in_a_specialist_waits_for_its_answer(is_async: bool) -> None:
    def ask(_state: Any) -> str:
        return f"the person said {interrupt('may I?')}"

    graph = create_router_graph(router(), specialists={"code": ask}, checkpointer=InMemorySaver())
    stopped = await run(graph, CODE, thread(), is_async=is_async)
    assert stopped["__interrupt__"][0].value == "may I?"
    resumed = await run(graph, Command(resume="yes"), thread(), is_async=is_async)
    assert text_of(resumed["messages"][-1]) == "the person said yes"


@pytest.mark.parametrize("where", ["state", "configurable"])
def test_a_forced_model_comes_before_the_category(where: str) -> None:
    graph = create_router_graph(router(), specialists={"code": scripted("never", name="never")})
    if where == "state":
        state = graph.invoke({**CODE, "force_model": "agent-model"})
    else:
        state = graph.invoke(CODE, {"configurable": {"model": "agent-model"}})
    assert (state["model"], state["path"]) == ("agent-model", ["classify", "specialist"])


def test_a_model_that_is_forced_by_the_call_is_not_kept_by_the_thread() -> None:
    graph = create_router_graph(router(), checkpointer=InMemorySaver())
    assert graph.invoke(CODE, thread(model="agent-model"))["model"] == "agent-model"
    assert graph.invoke(CODE, thread())["model"] == "code-model"


def test_a_task_in_the_state_comes_before_the_classifier() -> None:
    state = create_router_graph(router()).invoke({**CODE, "task": "agent"})
    assert (state["category"], state["model"], state["route"]["task_source"]) == ("agent", "agent-model", "explicit")


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_classifier_that_is_a_model_is_asked_and_paid_for(served: Any, is_async: bool) -> None:
    simulator, config = served
    asking = {"classifier": "llm", "classifier_model": "sambanova-llama-8b"}
    routed = RouterChatModel({**config.model_dump(), "extends": "none", "routing": asking})
    text = "Debug my Python function, it raises a KeyError"
    state = await run(create_router_graph(routed), {"messages": [("human", text)]}, is_async=is_async)
    assert (state["category"], state["route"]["task_source"]) == ("code", "classifier:llm")
    assert [record.model for record in simulator.requests] == ["sambanova-llama-8b", "sambanova-deepseek-v3"]
    assert state["cost_usd"] > state["messages"][-1].response_metadata["model_router"]["cost_usd"]


def test_an_unknown_forced_model_is_refused() -> None:
    with pytest.raises(UnknownModelError):
        create_router_graph(router()).invoke({**CODE, "force_model": "no-such"})


def test_prompts_go_before_the_messages_of_their_task_only() -> None:
    code, general = scripted("a", name="code-model"), scripted("b", name="general-model")
    routed = RouterChatModel.from_models({"general": general, "code": code}, classifier=by_keyword)
    graph = create_router_graph(routed, prompts={"code": "Be {brief}."})
    state = graph.invoke(CODE)
    graph.invoke(HELLO)
    assert [message.type for message in code.requests[0].messages] == ["system", "human"]
    assert code.requests[0].messages[0].content == "Be {brief}."
    assert [message.type for message in general.requests[0].messages] == ["human"]
    assert [message.type for message in state["messages"]] == ["human", "ai"]


def test_the_state_is_plain_data_and_carries_decision_and_cost(served: Any) -> None:
    routed = RouterChatModel(served[1])
    graph = create_router_graph(routed, checkpointer=InMemorySaver())
    first = graph.invoke(HELLO, thread())
    second = graph.invoke(HELLO, thread())
    plain = {key: value for key, value in second.items() if key != "messages"}
    assert json.loads(json.dumps(plain)) == plain
    costs = [message.response_metadata["model_router"]["cost_usd"] for message in second["messages"][1::2]]
    assert first["cost_usd"] == costs[0] > 0
    assert second["cost_usd"] == pytest.approx(sum(costs), abs=1e-12)
    assert second["route"]["ranked"][0] == second["model"]


def test_an_unknown_price_makes_the_cost_unknown() -> None:
    assert create_router_graph(router()).invoke(CODE)["cost_usd"] is None


async def chunks(graph: Graph, mode: Any, *, is_async: bool, **options: Any) -> list[Any]:
    if is_async:
        return [event async for event in graph.astream(CODE, stream_mode=mode, **options)]
    return list(graph.stream(CODE, stream_mode=mode, **options))


@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_the_tokens_of_the_reply_once(is_async: bool) -> None:
    graph = create_router_graph(router(code="one two three"))
    events = await chunks(graph, "messages", is_async=is_async)
    pieces = [message.text for message, _ in events if isinstance(message, AIMessageChunk)]
    assert "".join(pieces) == "one two three"
    assert len([piece for piece in pieces if piece]) == 3
    assert {metadata["langgraph_node"] for _, metadata in events} == {"specialist"}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_v3_events(is_async: bool) -> None:
    graph = create_router_graph(router(code="one two three"))
    if is_async:
        async_run = await graph.astream_events(CODE, version="v3")
        texts = ["".join([piece async for piece in message.text]) async for message in async_run.messages]
    else:
        texts = ["".join(message.text) for message in graph.stream_events(CODE, version="v3").messages]
    assert texts == ["one two three"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_what_each_node_did(is_async: bool) -> None:
    events = await chunks(create_router_graph(router()), ["updates", "custom", "values"], is_async=is_async)
    updates = [name for mode, event in events if mode == "updates" for name in event]
    assert updates == ["classify", "specialist"]
    assert ("custom", {"node": "classify", "category": "code", "model": "code-model"}) in events
    assert [event.get("path") for mode, event in events if mode == "values"][-1] == ["classify", "specialist"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_streams_the_tokens_of_an_agent_below(is_async: bool) -> None:
    routed = router(code="one two three")
    agent = create_agent(routed.for_task("code"), [])
    graph = create_router_graph(routed, specialists={"code": agent})
    events = await chunks(graph, "messages", is_async=is_async, subgraphs=True)
    assert "".join(message.text for _, (message, _) in events) == "one two three"


@pytest.mark.parametrize("is_async", [False, True])
async def test_works_as_a_subgraph_whose_cost_is_counted_once(served: Any, is_async: bool) -> None:
    graph = create_router_graph(RouterChatModel(served[1]))

    class Outer(MessagesState):
        cost_usd: float | None

    outer = StateGraph(Outer).add_node("routed", graph).add_edge(START, "routed").compile()
    state = await run(outer, {**HELLO, "cost_usd": 5.0}, is_async=is_async)
    assert state["cost_usd"] == state["messages"][-1].response_metadata["model_router"]["cost_usd"]
    events = await chunks(outer, "messages", is_async=is_async, subgraphs=True)
    assert "simulated answer" in "".join(message.text for _, (message, _) in events)


@pytest.mark.parametrize("is_async", [False, True])
async def test_works_as_a_tool_of_an_agent(is_async: bool) -> None:
    call = AIMessage("", tool_calls=[{"name": "ask_specialist", "args": {"request": "my code"}, "id": "c1"}])
    tool = create_router_tool(create_router_graph(router()), description="Knows about code.")
    agent = create_agent(scripted(call, "done", name="caller"), [tool])
    state = await run(agent, {"messages": "help"}, is_async=is_async)
    assert state["messages"][2].content == "code says"


@pytest.mark.parametrize("name", ["classify", "specialist", "fallback"])
def test_a_specialist_cannot_take_the_name_of_a_node(name: str) -> None:
    with pytest.raises(InvalidOptionError, match=name):
        create_router_graph(router(), specialists={name: lambda _: "x"})


def test_a_specialist_for_an_unknown_task_is_refused_when_built() -> None:
    with pytest.raises(UnknownTaskError, match="code"):
        create_router_graph(router(), specialists={"coed": lambda _: "x"})


class TestBudget:
    def graph(self, served: Any, usd: float, **options: Any) -> Graph:
        budget = GraphBudget(usd, preset="nebius_balanced", **options)
        return create_router_graph(
            RouterChatModel(served[1], task="max_quality"), budget=budget, checkpointer=InMemorySaver()
        )

    def test_downgrades_the_preset_instead_of_failing(self, served: Any) -> None:
        graph = self.graph(served, 0.0006)
        presets = [graph.invoke(HELLO, thread())["route"]["preset"] for _ in range(12)]
        assert presets[0] == "mixed_optimal"
        assert presets[-1] == "nebius_balanced"
        state = graph.get_state(thread()).values
        assert state["model"] == "nebius-llama-8b"
        assert state["budget"]["preset"] == "nebius_balanced"

    def test_each_thread_has_its_own(self, served: Any) -> None:
        graph = self.graph(served, 0.0006)
        for _ in range(12):
            graph.invoke(HELLO, thread("spender"))
        assert graph.invoke(HELLO, thread("other"))["route"]["preset"] == "mixed_optimal"

    def test_time_travel_goes_back_to_what_was_spent_then(self, served: Any) -> None:
        graph = self.graph(served, 0.0006)
        first = graph.invoke(HELLO, thread())
        early = graph.get_state(thread()).config
        while graph.invoke(HELLO, thread())["budget"]["preset"] is None:
            pass
        again = graph.invoke(HELLO, early)
        assert again["budget"]["spent_usd"] == first["cost_usd"]
        assert again["budget"]["preset"] is None

    def test_what_a_thread_has_spent_survives_the_process(self, served: Any, tmp_path: Path) -> None:
        def ask() -> dict[str, Any]:
            with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as checkpointer:
                budget = GraphBudget(0.0004, preset="nebius_balanced")
                routed = RouterChatModel(served[1], task="max_quality")
                graph = create_router_graph(routed, budget=budget, checkpointer=checkpointer)
                state: dict[str, Any] = graph.invoke(HELLO, thread())
                return state

        spent = [ask()["cost_usd"] for _ in range(3)]
        assert spent == sorted(set(spent))
        assert ask()["budget"]["spent_usd"] == spent[-1]
        assert ask()["model"] == "nebius-llama-8b"

    def test_a_subgraph_has_its_own(self, served: Any) -> None:
        routed = RouterChatModel(served[1], task="max_quality")
        held = create_router_graph(routed, budget=GraphBudget(0.0, preset="nebius_balanced"))
        outer = StateGraph(MessagesState).add_node("held", held).add_node("free", create_router_graph(routed))
        both: Graph = outer.add_edge(START, "held").add_edge("held", "free").compile()
        state = both.invoke(HELLO)
        models = [message.response_metadata["model_router"]["model"] for message in state["messages"][1:]]
        assert models == ["nebius-llama-8b", "nebius-llama-405b"]

    def test_per_run_it_looks_at_what_the_next_call_would_cost(self, served: Any) -> None:
        cheap, rich = self.graph(served, 0.000001, per="run"), self.graph(served, 1.0, per="run")
        assert cheap.invoke(HELLO, thread())["route"]["preset"] == "nebius_balanced"
        runs = [rich.invoke(HELLO, thread()) for _ in range(3)]
        assert [run["budget"]["spent_usd"] for run in runs] == [0.0, 0.0, 0.0]

    def test_comes_before_a_forced_model(self, served: Any) -> None:
        graph = self.graph(served, 0.0)
        by_state = graph.invoke({**HELLO, "force_model": "nebius-llama-405b"}, thread())
        by_call = graph.invoke(HELLO, thread("2", model="nebius-llama-405b"))
        assert by_state["model"] == by_call["model"] == "nebius-llama-8b"

    def test_reaches_the_agents_below(self, served: Any) -> None:
        routed = RouterChatModel(served[1])
        agent = create_agent(routed.for_task("general"), [])
        budget = GraphBudget(0.0, preset="nebius_balanced")
        graph = create_router_graph(routed, specialists={"simple": agent, "general": agent}, budget=budget)
        assert graph.invoke(HELLO)["model"] == "nebius-llama-8b"

    @pytest.mark.parametrize(("answer", "preset"), [(1.0, None), (0, "nebius_balanced"), ("no", "nebius_balanced")])
    def test_asks_a_person_for_more(self, served: Any, answer: Any, preset: str | None) -> None:
        graph = self.graph(served, 0.0, when_exceeded="interrupt")
        stopped = graph.invoke(HELLO, thread())
        assert stopped["__interrupt__"][0].value["limit_usd"] == 0.0
        state = graph.invoke(Command(resume=answer), thread())
        assert state["budget"]["preset"] == preset
        assert len(state["messages"]) == 2
        if preset is None:
            assert "__interrupt__" not in graph.invoke(HELLO, thread())

    def test_an_unknown_preset_is_refused_when_built(self) -> None:
        with pytest.raises(UnknownPresetError):
            create_router_graph(router(), budget=GraphBudget(1.0, preset="no-such"))

    def test_an_unknown_price_counts_as_too_much(self) -> None:
        budget = GraphBudget(1.0, preset="cheap")
        check: Callable[..., Any] = budget.check
        assert check({"cost_usd": None}).configurable == {"preset": "cheap", "model": None}
        assert check({"cost_usd": 0.1}, expected_usd=None).update["budget"]["preset"] == "cheap"
        assert check({"cost_usd": 0.1}, expected_usd=0.1).configurable == {}
