"""A router as the model of `create_agent`, over the simulator: whoever has a chat model there changes nothing else."""

from typing import Any, get_args

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware, SummarizationMiddleware
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import StreamMode
from pydantic import BaseModel

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import simulated
from tests.doors import Runs, record

Served = tuple[Simulator, RouterConfig]
MODES: list[StreamMode] = [mode for mode in get_args(StreamMode) if mode != "messages"]
QUESTION: Any = {"messages": [("human", "Use the weather tool: how is it in Paris?")]}
BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


class Report(BaseModel):
    """A weather report."""

    place: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Say how the weather is in a city."""
    return f"sunny in {city}"


@tool
async def tides(harbour: str) -> str:
    """Say when the tide is high in a harbour."""
    return f"noon in {harbour}"


async def run(agent: Any, given: Any, config: Any = None, *, is_async: bool) -> list[Any]:
    state = await agent.ainvoke(given, config) if is_async else agent.invoke(given, config)
    messages: list[Any] = state["messages"]
    return messages


@BOTH
async def test_an_agent_calls_its_tools_and_answers(served: Served, is_async: bool) -> None:
    counted, runs = UsageMetadataCallbackHandler(), Runs()
    agent = create_agent(RouterChatModel(served[1]), [weather])
    messages = await run(agent, QUESTION, {"callbacks": [counted, runs]}, is_async=is_async)
    assert [type(one) for one in messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert "sunny in" in messages[-1].text
    answers = [one for one in messages if isinstance(one, AIMessage)]
    assert all(record(one)["attempts"][0]["outcome"] == "ok" for one in answers)
    total = sum(one.usage_metadata["total_tokens"] for one in answers if one.usage_metadata)
    assert sum(one["total_tokens"] for one in counted.usage_metadata.values()) == total
    assert len(runs.models) == 2


@BOTH
async def test_an_agent_survives_a_provider_that_is_down(served: Served, is_async: bool) -> None:
    served[0].fault("sambanova", "rate_limited_an_hour")
    router = RouterChatModel(served[1], task="simple")
    messages = await run(create_agent(router, [weather]), QUESTION, is_async=is_async)
    assert "sunny in" in messages[-1].text
    assert record(messages[-1])["provider"] == "nebius"


@BOTH
@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy, None])
async def test_an_agent_gives_structured_answers(served: Served, is_async: bool, strategy: Any) -> None:
    form = Report if strategy is None else strategy(Report)
    agent: Any = create_agent(RouterChatModel(served[1]), [weather], response_format=form)
    state = await agent.ainvoke(QUESTION) if is_async else agent.invoke(QUESTION)
    assert isinstance(state["structured_response"], Report)
    sent = [request.body for request in served[0].requests]
    if strategy is ToolStrategy:
        assert all("response_format" not in body for body in sent)
        assert sent[-1]["tools"][-1]["function"]["name"] == "Report"
    else:
        assert sent[-1]["response_format"]["json_schema"]["name"] == "Report"
        assert [one["function"]["name"] for one in sent[-1]["tools"]] == ["weather"]


async def test_where_a_model_has_no_schemas_the_agent_uses_a_tool(served: Served) -> None:
    config = RouterConfig.model_validate({"models": {"sambanova-llama-8b": {"capabilities": ["tools"]}}})
    router = RouterChatModel(simulated(config, served[0])).for_task("simple")
    assert (router.profile or {})["structured_output"] is False
    state: Any = create_agent(router, [weather], response_format=Report).invoke(QUESTION)
    assert isinstance(state["structured_response"], Report)
    assert all("response_format" not in request.body for request in served[0].requests)


@BOTH
async def test_a_long_conversation_is_summarized(served: Served, is_async: bool) -> None:
    router = RouterChatModel(served[1])
    summarize = SummarizationMiddleware(router.for_task("summarization"), trigger=("messages", 6), keep=("messages", 2))
    agent = create_agent(router, [weather], middleware=[summarize])
    talk = [one for number in range(5) for one in (HumanMessage(f"Say {number}"), AIMessage(f"It is {number}"))]
    messages = await run(agent, {"messages": [*talk, HumanMessage("And now?")]}, is_async=is_async)
    assert "summary" in messages[0].text
    assert len(messages) < len(talk)
    assert served[0].calls() == 2


async def test_summaries_are_triggered_by_a_share_of_the_routers_window(served: Served) -> None:
    router = RouterChatModel(served[1])
    window = (router.profile or {})["max_input_tokens"]
    assert window == min(model.context_window or 0 for model in router.engine.snapshot.router.models_of())
    summarize = SummarizationMiddleware(router, trigger=("fraction", 0.5), keep=("messages", 1))
    long = "word " * window * 3
    given: Any = {"messages": [HumanMessage(long), AIMessage("yes"), HumanMessage("And now?")]}
    state: Any = create_agent(router, [], middleware=[summarize]).invoke(given)
    assert "summary" in state["messages"][0].text


@BOTH
async def test_a_limit_on_model_calls_holds(served: Served, is_async: bool) -> None:
    limit = ModelCallLimitMiddleware(run_limit=1)
    agent = create_agent(RouterChatModel(served[1]), [weather], middleware=[limit])
    messages = await run(agent, QUESTION, is_async=is_async)
    assert served[0].calls() == 1
    assert "limit" in messages[-1].text


@BOTH
@pytest.mark.parametrize("mode", MODES)
async def test_every_stream_mode_ends_in_the_same_state(served: Served, is_async: bool, mode: StreamMode) -> None:
    agent: Any = create_agent(RouterChatModel(served[1]), [weather], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    modes = [mode, "values"]
    if is_async:
        parts = [part async for part in agent.astream(QUESTION, config, stream_mode=modes)]
    else:
        parts = list(agent.stream(QUESTION, config, stream_mode=modes))
    states = [part for kind, part in parts if kind == "values"]
    assert "sunny in" in states[-1]["messages"][-1].text
    assert mode in ("values", "custom") or any(kind == mode for kind, _ in parts)
    assert served[0].calls() == 2


@BOTH
async def test_messages_mode_gives_each_token_once(served: Served, is_async: bool) -> None:
    agent: Any = create_agent(RouterChatModel(served[1]), [weather])
    if is_async:
        parts = [part async for part in agent.astream(QUESTION, stream_mode=["messages", "values"])]
    else:
        parts = list(agent.stream(QUESTION, stream_mode=["messages", "values"]))
    chunks = [part[0] for kind, part in parts if kind == "messages"]
    final = [part for kind, part in parts if kind == "values"][-1]["messages"]
    for message in final[1:]:
        own = [chunk for chunk in chunks if chunk.id == message.id]
        assert "".join(chunk.text for chunk in own) == message.text
    calls = [one for chunk in chunks for one in getattr(chunk, "tool_call_chunks", []) if one["name"]]
    assert [one["name"] for one in calls] == ["weather"]


@BOTH
async def test_an_agent_changes_models_between_planning_and_results(served: Served, is_async: bool) -> None:
    models = {"plan": "nebius-llama-405b", "pass_on": "sambanova-llama-8b", "default": "nebius-llama-8b"}
    rules = [
        {"name": "results", "priority": 2, "when": {"last_message": "tool"}, "then": {"task": "pass_on"}},
        {"name": "planning", "priority": 1, "when": {"last_message": "human"}, "then": {"task": "plan"}},
    ]
    config = RouterConfig.model_validate(
        {
            "tasks": {"plan": {}, "pass_on": {}},
            "presets": {"mine": models},
            "preset": "mine",
            "routing": {"rules": rules},
        }
    )
    agent = create_agent(RouterChatModel(simulated(config, served[0])), [weather], checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    for _ in range(2):
        messages = await run(agent, QUESTION, thread, is_async=is_async)
        planned, passed_on = (record(one) for one in messages[-4:] if isinstance(one, AIMessage))
        assert (planned["model"], planned["task_source"]) == ("nebius-llama-405b", "rule:planning")
        assert (passed_on["model"], passed_on["task_source"]) == ("sambanova-llama-8b", "rule:results")


async def test_async_tools_run_side_by_side(served: Served) -> None:
    given: Any = {"messages": [HumanMessage("Ask weather and tides for Dover")]}
    messages = await run(create_agent(RouterChatModel(served[1]), [weather, tides]), given, is_async=True)
    assert {one.name for one in messages if isinstance(one, ToolMessage)} == {"weather", "tides"}


def test_a_thread_keeps_its_records_in_a_checkpoint(served: Served) -> None:
    saver = InMemorySaver()
    agent = create_agent(RouterChatModel(served[1]), [weather], checkpointer=saver)
    thread: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke(QUESTION, thread)
    messages = agent.get_state(thread).values["messages"]
    assert record(messages[-1])["attempts"][0]["outcome"] == "ok"


async def test_a_deep_agent_works_on_a_router(served: Served) -> None:
    deepagents = pytest.importorskip("deepagents")
    agent = deepagents.create_deep_agent(model=RouterChatModel(served[1]), tools=[weather])
    messages = await run(agent, QUESTION, is_async=True)
    assert isinstance(messages[-1], AIMessage)
