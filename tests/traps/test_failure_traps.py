"""Traps 9, 10: only failures of a model lead to another model; bugs, interrupts and cancellation pass."""

import asyncio
import pickle
from typing import Any

import pytest
from langchain_core import exceptions
from langchain_core.callbacks import BaseCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp, GraphInterrupt
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from langchain_modelrouter import AllModelsFailedError, RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from tests.doors import Door, Runs, record, router_over, two_models

BUGS = [RuntimeError, TypeError, NotImplementedError, ValueError, KeyError, AttributeError, AssertionError, IndexError]

ANOTHER_MODEL = [
    exceptions.ModelRateLimitError,
    exceptions.ModelAPIError,
    exceptions.ModelConnectionError,
    exceptions.ModelTimeoutError,
    exceptions.ModelAuthenticationError,
    exceptions.ModelPermissionDeniedError,
    exceptions.ModelNotFoundError,
    exceptions.ContextOverflowError,
    ConnectionResetError,
    TimeoutError,
]


@pytest.mark.parametrize("cls", BUGS)
async def test_trap_09_a_bug_stays_a_bug(door: Door, cls: type[Exception]) -> None:
    bug = cls("of the program")
    alpha, beta = two_models(bug)
    runs = Runs()
    with pytest.raises(cls) as caught:
        await door(router_over(alpha, beta), "hi", {"callbacks": [runs]})
    assert caught.value is bug
    assert (alpha.calls, beta.calls) == (1, 0)
    assert runs.router["end"] is bug


@pytest.mark.parametrize("error", [GraphBubbleUp(), GraphInterrupt(())])
async def test_trap_09_what_bubbles_up_passes(door: Door, error: Exception) -> None:
    alpha, beta = two_models(error)
    router = router_over(alpha, beta)
    with pytest.raises(GraphBubbleUp) as caught:
        await door(router, "hi")
    assert caught.value is error
    assert (alpha.calls, beta.calls) == (1, 0)
    assert router.health()["alpha"].state == "closed"


async def test_trap_09_a_callback_that_bubbles_up_passes(door: Door) -> None:
    class Bubbling(BaseCallbackHandler):
        raise_error = run_inline = True

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            raise GraphBubbleUp

    alpha, beta = two_models("never")
    with pytest.raises(GraphBubbleUp):
        await door(router_over(alpha, beta), "hi", {"callbacks": [Bubbling()]})
    assert (alpha.calls, beta.calls) == (0, 0)


async def test_trap_09_a_graph_that_asks_back_goes_on() -> None:
    router = router_over(*two_models("done"))

    def ask(state: MessagesState) -> Any:
        said = interrupt("may I?")
        return {"messages": [router.invoke([*state["messages"], ("human", said)])]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile(InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    given: Any = {"messages": [("human", "hi")]}
    assert graph.invoke(given, config)["__interrupt__"]
    assert graph.invoke(Command(resume="yes"), config)["messages"][-1].text == "done"


async def test_trap_09_cancellation_passes_and_is_recorded() -> None:
    alpha, beta = two_models([5.0, "late"])
    router = router_over(alpha, beta)
    runs = Runs()
    task = asyncio.create_task(router.ainvoke("hi", {"callbacks": [runs]}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert beta.calls == 0
    assert isinstance(runs.router["end"], asyncio.CancelledError)
    assert router.health()["alpha"].in_flight == 0


@pytest.mark.parametrize("cls", ANOTHER_MODEL)
async def test_trap_10_another_model_may_help(door: Door, cls: type[Exception]) -> None:
    alpha, beta = two_models(cls("no"))
    answer = await door(router_over(alpha, beta, max_retries=0), "hi")
    assert answer.text == "second here"
    assert (alpha.calls, beta.calls) == (1, 1)
    assert record(answer)["attempts"][0]["error"].startswith(cls.__name__)


async def test_trap_10_a_request_that_is_wrong_is_wrong_everywhere(door: Door) -> None:
    alpha, beta = two_models(exceptions.ModelInvalidRequestError("temperature is 9"))
    with pytest.raises(exceptions.ModelInvalidRequestError):
        await door(router_over(alpha, beta), "hi")
    assert (alpha.calls, beta.calls) == (1, 0)


async def test_trap_10_only_what_may_pass_is_asked_again(door: Door) -> None:
    alpha, beta = two_models(exceptions.ModelAPIError("boom"))
    answer = await door(router_over(alpha, beta, max_retries=2), "hi")
    assert (alpha.calls, beta.calls) == (3, 1)
    assert [one["model"] for one in record(answer)["attempts"]] == ["alpha", "alpha", "alpha", "beta"]
    alpha, beta = two_models(exceptions.ModelAuthenticationError("who?"))
    await door(router_over(alpha, beta, max_retries=2), "hi")
    assert (alpha.calls, beta.calls) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "is_raised"),
    [
        ("rate_limited", False),
        ("unauthorized", False),
        ("quota_exceeded", False),
        ("overloaded", False),
        ("server_error", False),
        ("model_not_found", False),
        ("broken_json_ok", False),
        ("context_overflow", False),
        ("reset_before_reply", False),
        ("unsupported_parameter", True),
        ("content_filter", True),
    ],
)
async def test_trap_10_every_action_over_http(
    door: Door, served: tuple[Simulator, RouterConfig], fault: str, is_raised: bool
) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", fault)
    larger = config.models["nebius-llama-8b"].model_copy(update={"context_window": 1_000_000})
    config = config.model_copy(update={"models": {**config.models, "nebius-llama-8b": larger}})
    router = RouterChatModel(config, max_retries=0)
    call = door(router, "hi", model="sambanova-llama-8b", fallback=True)
    if is_raised:
        with pytest.raises(Exception, match=r".") as caught:
            await call
        assert not isinstance(caught.value, AllModelsFailedError)
        assert simulator.calls("nebius-llama-8b") == 0
    else:
        assert record(await call)["model"] == "nebius-llama-8b"


async def test_trap_10_the_end_of_all_models_is_not_retryable_and_tells_all(door: Door) -> None:
    router = router_over(
        *two_models(exceptions.ModelRateLimitError("a"), exceptions.ModelTimeoutError("b")), max_retries=0
    )
    with pytest.raises(AllModelsFailedError) as caught:
        await door(router, "hi")
    error = caught.value
    assert error.is_retryable is False
    assert [type(one) for one in error.exceptions] == [exceptions.ModelRateLimitError, exceptions.ModelTimeoutError]
    assert [one["model"] for one in error.attempts] == ["alpha", "beta"]
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
