from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.middleware import ModelRouterMiddleware
from langchain_modelrouter.testing import ScriptedChatModel


@tool
def stock(item: str) -> str:
    """Say how many there are."""
    return f"7 of {item}"


def call(number: int) -> AIMessage:
    args = {"name": "stock", "args": {"item": "nuts"}, "id": f"c{number}"}
    return AIMessage("", tool_calls=[{**args, "type": "tool_call"}])


def router_over(strong: list[Any], cheap: list[Any]) -> tuple[RouterChatModel, ScriptedChatModel, ScriptedChatModel]:
    first = ScriptedChatModel(strong, model_name="strong")
    second = ScriptedChatModel(cheap, model_name="cheap")
    router = RouterChatModel.from_models(
        {"plan": [first, second], "read": [second, first]}, default="plan", classifier="none", max_retries=0
    )
    return router, first, second


def own() -> ScriptedChatModel:
    return ScriptedChatModel(["never asked"])


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_router_answers_in_place_of_the_agents_own_model(is_async: bool) -> None:
    router, strong, _ = router_over([call(1), "7 nuts"], [])
    model = own()
    agent = create_agent(model, [stock], middleware=[ModelRouterMiddleware(router)])
    asked = {"messages": [("human", "how many nuts?")]}
    state = await agent.ainvoke(asked) if is_async else agent.invoke(asked)
    assert state["messages"][-1].content == "7 nuts"
    assert (strong.calls, model.calls) == (2, 0)
    assert state["model_route"]["model"] == "strong"
    assert isinstance(state["model_route"], dict)


def test_a_failure_falls_back_along_the_routers_own_chain() -> None:
    router, _, cheap = router_over([ModelRateLimitError("no")], ["yes"])
    state = create_agent(own(), [], middleware=[ModelRouterMiddleware(router)]).invoke({"messages": [("human", "?")]})
    assert [attempt["outcome"] for attempt in state["model_route"]["attempts"]] == ["error", "ok"]
    assert cheap.calls == 1


def test_a_run_keeps_its_model_and_the_next_run_decides_anew() -> None:
    router, strong, cheap = router_over([ModelRateLimitError("no")], [call(1), "7 nuts", "again"])
    middleware = ModelRouterMiddleware(router, scope="run")
    agent = create_agent(own(), [stock], middleware=[middleware], checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    state = agent.invoke({"messages": [("human", "how many nuts?")]}, thread)
    assert (strong.calls, cheap.calls) == (1, 2)
    assert state["model_route"]["model"] == "cheap"
    assert state["model_route"]["reason"] == "the call forces cheap"
    later = agent.invoke({"messages": [("human", "and bolts?")]}, thread)
    assert later["model_route"]["reason"] == "the thread stays on cheap"


def test_options_go_with_every_call() -> None:
    router, strong, cheap = router_over([], ["read it"])
    agent = create_agent(own(), [], middleware=[ModelRouterMiddleware(router, task="read")])
    assert agent.invoke({"messages": [("human", "?")]})["model_route"]["task"] == "read"
    assert (strong.calls, cheap.calls) == (0, 1)


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="'call' or 'run'"):
        ModelRouterMiddleware(RouterChatModel(), scope="day")  # type: ignore[arg-type]
