import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langchain_tests.unit_tests import ChatModelUnitTests
from pydantic import BaseModel, SecretStr

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.testing import FakeClock, Reply, ScriptedChatModel, ScriptExhaustedError, fault_server


class TestScriptedChatModelIsAChatModel(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[ScriptedChatModel]:
        return ScriptedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"script": ["yes"]}


async def by_invoke(model: Any) -> str:
    return str(model.invoke("hi").text)


async def by_ainvoke(model: Any) -> str:
    return str((await model.ainvoke("hi")).text)


async def by_stream(model: Any) -> str:
    return "".join([chunk.text for chunk in model.stream("hi")])


async def by_astream(model: Any) -> str:
    return "".join([chunk.text async for chunk in model.astream("hi")])


DOORS = [by_invoke, by_ainvoke, by_stream, by_astream]


@pytest.mark.parametrize("door", DOORS)
async def test_it_replies_from_its_script_through_every_door(door: Any) -> None:
    model = ScriptedChatModel(["yes, sir", AIMessage("no"), ["o", "k"], ConnectionError("gone")])
    assert [await door(model) for _ in range(3)] == ["yes, sir", "no", "ok"]
    with pytest.raises(ConnectionError, match="gone"):
        await door(model)
    with pytest.raises(ScriptExhaustedError, match="has 4 replies"):
        await door(model)
    assert model.calls == 5


@pytest.mark.parametrize("door", DOORS)
async def test_a_cyclic_script_begins_again(door: Any) -> None:
    model = ScriptedChatModel(["a", "b"], cyclic=True)
    assert [await door(model) for _ in range(3)] == ["a", "b", "a"]


def test_a_stream_comes_word_by_word_and_ends_with_usage_and_finish_reason() -> None:
    chunks = list(ScriptedChatModel(["one two three"], model_name="m").stream("hi"))
    assert [chunk.content for chunk in chunks] == ["one", " two", " three", ""]
    assert all(chunk.usage_metadata is None for chunk in chunks[:-1])
    assert chunks[-1].response_metadata == {"model_name": "m", "finish_reason": "stop"}
    assert chunks[-1].usage_metadata is not None
    assert chunks[-1].usage_metadata["output_tokens"] > 0


async def test_a_stream_breaks_where_the_script_says() -> None:
    script: list[Reply] = [["one ", "two", OSError("cut")]]
    seen: list[str] = []
    with pytest.raises(OSError, match="cut"):
        seen.extend(chunk.text for chunk in ScriptedChatModel(script).stream("hi"))
    assert seen == ["one ", "two"]

    async def read() -> None:
        async for chunk in ScriptedChatModel(script).astream("hi"):
            seen.append(chunk.text)

    with pytest.raises(OSError, match="cut"):
        await read()
    assert seen == ["one ", "two"] * 2


def test_a_reply_without_stream_comes_whole() -> None:
    chunks = [chunk.content for chunk in ScriptedChatModel(["one two"], streams=False).stream("hi")]
    assert "one two" in chunks


def test_usage_is_given_estimated_or_missing() -> None:
    given = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    own = AIMessage("x", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})
    replies: list[Reply] = ["x", own]
    model = ScriptedChatModel(replies, usage=given)
    assert model.invoke("hi").usage_metadata == given
    assert model.invoke("hi").usage_metadata == own.usage_metadata
    assert ScriptedChatModel(["x"], usage=None).invoke("hi").usage_metadata is None
    estimated = ScriptedChatModel(["x"]).invoke("hi").usage_metadata
    assert estimated is not None
    assert estimated["total_tokens"] == estimated["input_tokens"] + estimated["output_tokens"] > 0


@pytest.mark.parametrize("door", DOORS)
async def test_usage_is_counted_once_under_the_models_name(door: Any) -> None:
    counter = UsageMetadataCallbackHandler()
    given = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    await door(ScriptedChatModel(["one two"], usage=given, model_name="m", callbacks=[counter]))
    assert counter.usage_metadata["m"]["total_tokens"] == 7


def test_what_was_asked_is_kept_with_what_was_bound() -> None:
    @tool
    def look(place: str) -> str:
        """Look somewhere."""
        return place

    model = ScriptedChatModel(["a", "b"])
    model.bind_tools([look], tool_choice="any", strict=True).invoke("hi", stop=["x"])
    asked = model.requests[0]
    assert asked.messages[0].content == "hi"
    assert asked.kwargs["tools"][0]["function"]["name"] == "look"
    assert (asked.kwargs["tool_choice"], asked.kwargs["strict"], asked.kwargs["stop"]) == ("any", True, ["x"])


def test_callbacks_see_its_provider_and_model() -> None:
    seen: list[dict[str, Any]] = []

    class Watching(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
            seen.append(metadata or {})

    model = ScriptedChatModel(["a"], model_name="m", provider="p")
    model.invoke("hi", config={"callbacks": [Watching()]})
    assert (seen[0]["ls_provider"], seen[0]["ls_model_name"]) == ("p", "m")


def test_tool_calls_survive_the_stream() -> None:
    call = {"name": "look", "args": {"place": "Porto", "n": 2}, "id": "1", "type": "tool_call"}
    reply = AIMessage("hm", tool_calls=[call])
    model = ScriptedChatModel([reply], cyclic=True)
    whole: AIMessageChunk | None = None
    for chunk in model.stream("hi"):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    assert whole.tool_calls == model.invoke("hi").tool_calls == [call]
    assert whole.response_metadata["finish_reason"] == "tool_calls"


def test_structured_output_works_as_with_any_model() -> None:
    class Place(BaseModel):
        name: str

    reply = AIMessage("", tool_calls=[{"name": "Place", "args": {"name": "Porto"}, "id": "1"}])
    assert ScriptedChatModel([reply]).with_structured_output(Place).invoke("where?") == Place(name="Porto")


def test_an_agent_runs_on_it() -> None:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    script: list[Reply] = [AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1, "b": 2}, "id": "1"}]), "It is 3."]
    agent = create_agent(ScriptedChatModel(script), tools=[add])
    messages = agent.invoke({"messages": [HumanMessage("1 + 2?")]})["messages"]
    assert [message.text for message in messages][-2:] == ["3", "It is 3."]


async def test_latency_passes_on_the_clock_that_is_handed_in() -> None:
    clock = FakeClock()
    model = ScriptedChatModel([[0.5, "a"]], cyclic=True, latency_s=2.0, sleep=clock.sleep, asleep=clock.asleep)
    began = clock()
    model.invoke("hi")
    await model.ainvoke("hi")
    assert [chunk.text for chunk in model.stream("hi")] == ["a", ""]
    assert [chunk.text async for chunk in model.astream("hi")] == ["a", ""]
    assert clock() - began == 4 * 2.5


async def test_async_latency_does_not_block() -> None:
    model = ScriptedChatModel(["a"], cyclic=True, latency_s=0.1)
    began = time.monotonic()
    await asyncio.gather(*(model.ainvoke("hi") for _ in range(20)))
    assert time.monotonic() - began < 1.5


def test_threads_share_a_script_without_losing_a_reply() -> None:
    model = ScriptedChatModel([str(number) for number in range(200)])
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: model.invoke("hi").text, range(200)))
    assert sorted(said, key=int) == [str(number) for number in range(200)]
    assert model.calls == 200


def test_its_rate_limiter_is_its_own() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1000)
    assert ScriptedChatModel(["a"], rate_limiter=limiter).invoke("hi").text == "a"


async def test_a_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock(now_s=5.0)
    assert clock() == clock() == 5.0
    clock.advance(2)
    clock.sleep(1)
    await clock.asleep(0.5)
    clock.sleep(-1)
    assert clock() == 8.5


def test_a_fault_server_answers_for_a_configuration() -> None:
    with fault_server() as (server, config):
        assert config.preset == RouterConfig.builtin().preset
        key = "sambanova-llama-8b"
        info = config.registry[key]
        model = ChatOpenAI(
            model=info.api_name,
            base_url=config.providers[info.provider].base_url,
            api_key=SecretStr("not-a-key"),
            max_retries=0,
        )
        assert "simulated" in model.invoke("hi").text
        server.fault(key, "server_error", times=1)
        with pytest.raises(Exception, match="500"):
            model.invoke("hi")
        assert server.calls(key) == 2
