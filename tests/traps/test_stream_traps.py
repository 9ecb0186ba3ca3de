"""Traps 3, 11, 12, 13: tokens once, a fallback before the first content, never a splice, v3 events."""

from typing import Any

import pytest
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessageChunk
from langgraph.graph import START, MessagesState, StateGraph

from langchain_modelrouter import RouterChatModel, RouterConfig, StreamInterruptedError
from langchain_modelrouter.simulator import Fault, Simulator
from tests.doors import Door, Runs, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]
ROLE = AIMessageChunk(content="")
"""What providers send first: a chunk with a role and no content."""


def graph_over(router: Any, how: str = "invoke", *, nested: bool = False) -> Any:
    """Return a graph of one node that asks the router in one way, in a subgraph or not."""

    def ask(state: MessagesState) -> Any:
        return {"messages": [router.invoke(state["messages"])]}

    async def aask(state: MessagesState) -> Any:
        return {"messages": [await router.ainvoke(state["messages"])]}

    def stream(state: MessagesState) -> Any:
        first, *rest = router.stream(state["messages"])
        return {"messages": [first.__add__(rest) if rest else first]}

    async def astream(state: MessagesState) -> Any:
        first, *rest = [chunk async for chunk in router.astream(state["messages"])]
        return {"messages": [first.__add__(rest) if rest else first]}

    node = {"invoke": ask, "ainvoke": aask, "stream": stream, "astream": astream}[how]
    graph = StateGraph(MessagesState).add_node("ask", node).add_edge(START, "ask").compile()
    if not nested:
        return graph
    return StateGraph(MessagesState).add_node("inner", graph).add_edge(START, "inner").compile()


async def said_by(graph: Any, *, is_async: bool, **options: Any) -> list[Any]:
    """Return the messages of the graph's messages mode."""
    given = {"messages": [("human", "hi")]}
    if is_async:
        parts = [part async for part in graph.astream(given, stream_mode="messages", **options)]
    else:
        parts = list(graph.stream(given, stream_mode="messages", **options))
    return [part[1][0] if options.get("subgraphs") else part[0] for part in parts]


@pytest.mark.parametrize(
    ("how", "is_async"),
    [
        ("invoke", False),
        ("stream", False),
        ("invoke", True),
        ("ainvoke", True),
        ("stream", True),
        ("astream", True),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
async def test_trap_03_each_token_comes_once(how: str, is_async: bool, nested: bool) -> None:
    router = router_over(*two_models("one two three"))
    graph = graph_over(router, how, nested=nested)
    messages = await said_by(graph, is_async=is_async, **({"subgraphs": True} if nested else {}))
    assert "".join(message.text for message in messages) == "one two three"
    assert len({message.id for message in messages}) == 1


async def test_trap_03_each_token_comes_once_over_http(served: Served) -> None:
    router = RouterChatModel(served[1])
    for is_async, how in ((False, "invoke"), (True, "ainvoke"), (False, "stream"), (True, "astream")):
        graph = graph_over(router, how)
        messages = await said_by(graph, is_async=is_async)
        alone = graph.invoke({"messages": [("human", "hi")]}) if not is_async else None
        text = "".join(message.text for message in messages)
        assert text
        assert alone is None or len(text) == len(alone["messages"][-1].text)


async def test_trap_03_a_model_without_a_stream_comes_once_too() -> None:
    router = router_over(*two_models("one two three", streams=False))
    for is_async, how in ((False, "invoke"), (True, "ainvoke"), (False, "stream"), (True, "astream")):
        messages = await said_by(graph_over(router, how), is_async=is_async)
        assert [message.text for message in messages if message.text] == ["one two three"]


async def test_trap_11_an_empty_first_chunk_does_not_commit(stream_door: Door) -> None:
    broken = [ROLE, ROLE, ModelRateLimitError("no")]
    answer = await stream_door(router_over(*two_models(broken, "from beta")), "hi")
    assert answer.text == "from beta"
    assert [one["outcome"] for one in record(answer)["attempts"]] == ["error", "ok"]


@pytest.mark.parametrize("fault", ["reset_before_content", "bad_gateway", "no_finish_before_content"])
async def test_trap_11_an_empty_first_chunk_does_not_commit_over_http(
    stream_door: Door, served: Served, fault: str
) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", fault)
    answer = await stream_door(RouterChatModel(config), "hi", model="sambanova-llama-8b", fallback=True)
    assert answer.text
    assert record(answer)["model"] == "nebius-llama-8b"


async def test_trap_12_a_break_after_content_is_raised_and_nothing_is_spliced() -> None:
    router = router_over(*two_models(["one ", "two ", ModelRateLimitError("no")], "from beta"))
    seen: list[str] = []

    def read() -> None:
        seen.extend(chunk.text for chunk in router.stream("hi"))

    async def aread() -> None:
        async for chunk in router.astream("hi"):
            seen.append(chunk.text)

    with pytest.raises(StreamInterruptedError) as caught:
        read()
    assert "".join(seen) == caught.value.partial == "one two "
    seen.clear()
    with pytest.raises(StreamInterruptedError):
        await aread()
    assert "".join(seen) == "one two "


async def test_trap_12_a_break_after_content_is_raised_over_http(served: Served) -> None:
    simulator, config = served
    simulator.fault("*", Fault("reset", after_chunks=2))
    router = RouterChatModel(config)
    with pytest.raises(StreamInterruptedError):
        list(router.stream("hi"))
    with pytest.raises(StreamInterruptedError):
        [chunk async for chunk in router.astream("hi")]


async def test_trap_12_a_buffered_stream_falls_back_after_content(stream_door: Door) -> None:
    config = {"limits": {"stream_buffer": "until_done"}}
    alpha, beta = two_models(["one ", "two ", ModelRateLimitError("no")], "from beta")
    router = RouterChatModel(
        {
            "extends": "none",
            "providers": {"here": {}},
            "models": {name: {"provider": "here", "api_name": name} for name in ("alpha", "beta")},
            "presets": {"only": {"default": ["alpha", "beta"]}},
            "routing": {"classifier": "none"},
            **config,
        },
        clients={"alpha": alpha, "beta": beta},
    )
    answer = await stream_door(router, "hi")
    assert answer.text == "from beta"
    assert [one["outcome"] for one in record(answer)["attempts"]] == ["error", "ok"]


async def test_trap_12_a_failed_attempts_text_is_no_part_of_the_reply() -> None:
    router = router_over(*two_models(["lost ", "words ", ModelRateLimitError("no")], "from beta"))
    for is_async, how in ((False, "invoke"), (True, "ainvoke")):
        messages = await said_by(graph_over(router, how), is_async=is_async)
        by_id: dict[str, str] = {}
        for message in messages:
            by_id[message.id] = by_id.get(message.id, "") + message.text
        assert list(by_id.values())[-1] == "from beta"
        assert len(by_id) == 2


async def test_trap_12_ids_differ_per_attempt_and_hold_within_one(stream_door: Door) -> None:
    router = router_over(*two_models([ROLE, ModelRateLimitError("no")], "from beta"))
    runs = Runs()
    answer = await stream_door(router, "hi", {"callbacks": [runs]})
    failed, good = runs.models
    assert answer.id == f"lc_run--{good}"
    assert failed != good


async def test_trap_13_v3_events_route_and_fall_back_before_content() -> None:
    router = router_over(*two_models([ROLE, ModelRateLimitError("no")], "from beta"))
    runs = Runs()
    stream = router.stream_events("hi", {"callbacks": [runs]}, version="v3")
    assert "".join(stream.text) == "from beta"
    assert record(stream.output)["model"] == "beta"
    astream = await router.astream_events("hi", {"callbacks": [runs]}, version="v3")
    assert "".join([part async for part in astream.text]) == "from beta"
    assert record(await astream.output)["model"] == "beta"
    assert runs.served_by == [("alpha-provider", "alpha"), ("beta-provider", "beta")] * 2


async def test_trap_13_v3_events_take_the_calls_options() -> None:
    router = RouterChatModel.from_models(
        {"general": scripted("plain", name="alpha", cyclic=True), "code": scripted("code", name="beta", cyclic=True)},
        classifier=None,
    )
    assert router.stream_events("hi", version="v3", task="code").output.text == "code"
    config: Any = {"configurable": {"task": "code"}}
    assert (await (await router.astream_events("hi", config, version="v3")).output).text == "code"


async def test_trap_13_v3_events_raise_what_ends_the_call() -> None:
    router = router_over(*two_models(ModelRateLimitError("no"), ModelRateLimitError("no")), max_retries=0)
    stream = router.stream_events("hi", version="v3")
    with pytest.raises(Exception, match="No answer from 2 models"):
        stream.output  # noqa: B018  reading it is what raises
    astream = await router.astream_events("hi", version="v3")
    with pytest.raises(Exception, match="No answer from 2 models"):
        await astream.output


async def test_trap_13_v2_events_show_the_chain_and_the_models() -> None:
    router = router_over(*two_models("one two"))
    events = [event async for event in router.astream_events("hi", version="v2")]
    names = [event["event"] for event in events]
    assert names.count("on_chat_model_start") == names.count("on_chat_model_end") == 1
    assert "".join(e["data"]["chunk"].text for e in events if e["event"] == "on_chat_model_stream") == "one two"


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
async def test_trap_13_a_graphs_v3_stream_has_the_tokens_once() -> None:
    router = router_over(*two_models([ROLE, ModelRateLimitError("no")], "one two"))
    graph = graph_over(router)
    run = graph.stream_events({"messages": [("human", "hi")]}, version="v3")
    assert [str(message.text) for message in run.messages if str(message.text)] == ["one two"]
    arun = await graph_over(router, "ainvoke").astream_events({"messages": [("human", "hi")]}, version="v3")
    texts = ["".join([part async for part in message.text]) async for message in arun.messages]
    assert [text for text in texts if text] == ["one two"]
