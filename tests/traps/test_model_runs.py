"""Traps 1, 2, 4, 15, 16, 17, 18: one LLM run per attempt, under its own name, counted once."""

import json
from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import HumanMessage
from langchain_core.rate_limiters import BaseRateLimiter
from pydantic import BaseModel

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from tests.doors import Door, Runs, by_stream, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]


async def chunks_of(stream_door: Door, router: RouterChatModel) -> list[Any]:
    if stream_door is by_stream:
        return list(router.stream("hi"))
    return [chunk async for chunk in router.astream("hi")]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


class Limiter(BaseRateLimiter):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.acquired += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


async def test_trap_01_each_attempt_is_one_model_run(door: Door) -> None:
    router = router_over(*two_models(ModelRateLimitError("slow down"), "yes"))
    runs = Runs()
    answer = await door(router, "hi", {"callbacks": [runs]})
    assert answer.text == "yes"
    assert runs.served_by == [("alpha-provider", "alpha"), ("beta-provider", "beta")]
    assert len(record(answer)["attempts"]) == 2
    assert len(runs.chains) == 1


# What ChatOpenAI itself warns of when it streams what it has parsed.
@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
async def test_trap_01_the_run_says_which_schema_is_asked_for(door: Door, served: Served, method: str) -> None:
    router = RouterChatModel(served[1])
    runs = Runs()
    structured = router.with_structured_output(Person, method=method)
    await door(structured.first, "JSON: Ada, 36", {"callbacks": [runs]})  # type: ignore[attr-defined]
    (run,) = runs.models.values()
    assert run["options"]["ls_structured_output_format"]["schema"]["title"] == "Person"


async def test_trap_02_usage_is_counted_once(door: Door) -> None:
    router = router_over(scripted("three words here", name="alpha", cyclic=True))
    counted = UsageMetadataCallbackHandler()
    answer = await door(router, "hi", {"callbacks": [counted]})
    assert answer.usage_metadata is not None
    assert counted.usage_metadata == {"alpha": answer.usage_metadata}


async def test_trap_02_usage_is_counted_once_over_http(door: Door, served: Served) -> None:
    counted = UsageMetadataCallbackHandler()
    answer = await door(RouterChatModel(served[1]), "hi", {"callbacks": [counted]})
    assert counted.usage_metadata == {
        record(answer)["model"] and answer.response_metadata["model_name"]: answer.usage_metadata
    }


async def test_trap_02_usage_is_counted_once_in_v3_events() -> None:
    router = router_over(scripted("three words here", name="alpha", cyclic=True))
    counted = UsageMetadataCallbackHandler()
    answer = router.stream_events("hi", {"callbacks": [counted]}, version="v3").output
    assert counted.usage_metadata == {"alpha": answer.usage_metadata}
    counted = UsageMetadataCallbackHandler()
    stream = await router.astream_events("hi", {"callbacks": [counted]}, version="v3")
    answer = await stream.output
    assert counted.usage_metadata == {"alpha": answer.usage_metadata}


async def test_trap_04_runs_name_who_served_over_http(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova", "rate_limited")
    router = RouterChatModel(config)
    runs = Runs()
    answer = await door(router, "hi", {"callbacks": [runs]}, model="sambanova-llama-8b", fallback=True)
    assert runs.served_by == [
        ("sambanova", "Meta-Llama-3.1-8B-Instruct"),
        ("nebius", "meta-llama/Meta-Llama-3.1-8B-Instruct"),
    ]
    assert answer.response_metadata["model_name"] == "meta-llama/Meta-Llama-3.1-8B-Instruct"
    assert record(answer)["provider"] == "nebius"


async def test_trap_04_the_answer_in_the_trace_is_the_one_that_served(door: Door) -> None:
    router = router_over(*two_models(ModelRateLimitError("no"), "from beta"))
    runs = Runs()
    answer = await door(router, "hi", {"callbacks": [runs]})
    failed, good = runs.models.values()
    assert isinstance(failed["end"], ModelRateLimitError)
    assert good["end"].text == "from beta"
    assert runs.router["end"]["output"].text == answer.text == "from beta"


async def test_trap_15_a_limiter_is_asked_once_per_attempt(door: Door) -> None:
    limiter, other = Limiter(), Limiter()
    alpha = scripted(ModelRateLimitError("no"), name="alpha", cyclic=True, rate_limiter=limiter)
    beta = scripted("yes", name="beta", cyclic=True, rate_limiter=other)
    answer = await door(router_over(alpha, beta), "hi")
    assert (limiter.acquired, other.acquired) == (1, 1)
    assert len(record(answer)["attempts"]) == 2


async def test_trap_15_the_routers_own_limiter_is_asked_once_per_attempt(door: Door) -> None:
    limiter = Limiter()
    router = router_over(*two_models(ModelRateLimitError("no"), "yes"), rate_limiter=limiter)
    await door(router, "hi")
    assert limiter.acquired == 2


@pytest.mark.parametrize("fields", [{"disable_streaming": True}, {"streams": False}])
async def test_trap_16_a_model_that_does_not_stream_answers_in_one_chunk(stream_door: Door, fields: Any) -> None:
    alpha, beta = two_models("one two three", **fields)
    router = router_over(alpha, beta)
    runs = Runs()
    answer = await stream_door(router, "hi", {"callbacks": [runs]})
    assert answer.text == "one two three"
    assert record(answer)["model"] == "alpha"
    assert len([chunk for chunk in router.stream("hi") if chunk.text]) == 1
    assert runs.tokens == []


async def test_trap_16_a_client_that_streams_by_itself_still_does(door: Door, served: Served) -> None:
    simulator, config = served
    await door(RouterChatModel(config, streaming=True), "hi")
    assert simulator.requests[-1].body["stream"] is True


async def test_trap_16_streaming_false_asks_for_the_whole_answer(door: Door, served: Served) -> None:
    simulator, config = served
    answer = await door(RouterChatModel(config, streaming=False), "hi")
    assert not simulator.requests[-1].body.get("stream")
    assert record(answer)["attempts"][0]["outcome"] == "ok"


async def test_trap_16_disabling_the_routers_streams_holds(stream_door: Door) -> None:
    alpha, beta = two_models("one two three")
    router = router_over(alpha, beta, disable_streaming=True)
    assert (await stream_door(router, "hi")).text == "one two three"
    assert len(list(router.stream("hi"))) == 1
    plain = router_over(alpha, beta)
    assert len(list(plain.stream("hi", stream=False))) == 1


async def test_trap_16_a_models_own_callbacks_and_tags_hold(door: Door) -> None:
    own = Runs()
    alpha, beta = two_models("yes", callbacks=[own], tags=["mine"], metadata={"team": "a"})
    runs = Runs()
    await door(router_over(alpha, beta), "hi", {"callbacks": [runs]})
    assert own.served_by == [("alpha-provider", "alpha")]
    (run,) = own.models.values()
    assert run["tags"] == ["mine"]
    assert run["metadata"]["team"] == "a"


async def test_trap_18_the_decision_rides_on_one_chunk(stream_door: Door) -> None:
    router = router_over(*two_models("one two three"))
    chunks = (
        list(router.stream("hi")) if stream_door.__name__ == "by_stream" else [c async for c in router.astream("hi")]
    )
    assert len([chunk for chunk in chunks if "model_router" in chunk.response_metadata]) == 1
    assert [chunk.response_metadata.get("model_name") for chunk in chunks if chunk.response_metadata] == ["alpha"]
    assert chunks[-1].chunk_position == "last"


async def test_trap_18_the_decision_rides_on_one_chunk_over_http(stream_door: Door, served: Served) -> None:
    router = RouterChatModel(served[1])
    chunks = (
        list(router.stream("hi")) if stream_door.__name__ == "by_stream" else [c async for c in router.astream("hi")]
    )
    assert len([chunk for chunk in chunks if "model_router" in chunk.response_metadata]) == 1
    answer = await stream_door(router, "hi")
    assert answer.response_metadata["model_name"] == router.registry[record(answer)["model"]].api_name


async def test_trap_18_the_record_is_plain_data(door: Door, served: Served) -> None:
    said = record(await door(RouterChatModel(served[1]), "hi"))
    assert json.loads(json.dumps(said)) == said


def test_trap_18_graph_state_survives_a_checkpoint() -> None:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, MessagesState, StateGraph

    router = router_over(*two_models("yes"))
    graph = (
        StateGraph(MessagesState)
        .add_node("ask", lambda state: {"messages": [router.invoke(state["messages"])]})
        .add_edge(START, "ask")
        .compile(checkpointer=InMemorySaver())
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    graph.invoke({"messages": [HumanMessage("hi")]}, config)
    said = record(graph.get_state(config).values["messages"][-1])
    assert said["model"] == "alpha"
    assert json.loads(json.dumps(said)) == said
