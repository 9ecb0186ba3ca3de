"""Classifiers that ask a model first, through the doors of the chat model."""

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from langchain_core.embeddings import Embeddings
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import BaseMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langsmith import Client, tracing_context

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.dispatch.classify import SemanticClassifier
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.simulator import Fault, Simulator
from langchain_modelrouter.testing import ScriptedChatModel
from tests.dispatch.test_traced_cost import tracer_with_a_list
from tests.doors import DOORS, Door, Runs, whole


def router_over(words: list[Any]) -> tuple[RouterChatModel, ScriptedChatModel, ScriptedChatModel]:
    judge = ScriptedChatModel(words, model_name="judge")
    code = ScriptedChatModel(["code"] * 9, model_name="coder")
    general = ScriptedChatModel(["general"] * 9, model_name="talker")
    router = RouterChatModel.from_models(
        {"code": code, "general": general}, default="general", classifier=judge, max_retries=0
    )
    return router, judge, code


def record_of(message: BaseMessage) -> dict[str, Any]:
    return dict(message.response_metadata["model_router"])


@pytest.mark.parametrize("door", DOORS)
async def test_one_word_of_a_model_decides(door: Door) -> None:
    router, judge, _ = router_over(["Code."])
    assert (await door(router, "x")).content == "code"
    (asked,) = judge.requests
    assert (asked.kwargs["temperature"], asked.kwargs["max_tokens"]) == (0.0, 10)


def test_its_attempt_and_its_cost_are_in_the_record_under_its_own_name() -> None:
    router, _, _ = router_over(["code"])
    with get_usage_metadata_callback() as usage:
        record = record_of(router.invoke("x"))
    assert [attempt["model"] for attempt in record["attempts"]] == ["judge", "coder"]
    assert record["task_source"] == "classifier:llm"
    assert set(usage.usage_metadata) == {"judge", "coder"}
    assert [row.role for row in router.engine.snapshot.live.ledger.rows()] == ["classifier", "reply"]


def test_the_same_text_is_asked_once() -> None:
    router, judge, _ = router_over(["code"])
    assert [router.invoke("x").content, router.invoke("x").content] == ["code", "code"]
    assert judge.calls == 1


@pytest.mark.parametrize("said", ["dunno", "", ModelRateLimitError("no"), "codex"])
def test_an_unclear_or_failed_answer_means_the_default_task_and_never_fails_the_call(said: Any) -> None:
    router, _, _ = router_over([said])
    record = record_of(router.invoke("x"))
    assert (record["task"], record["task_source"]) == ("general", "default")
    assert "gave no answer" in record["notes"][0]


def test_a_stated_task_asks_nobody_and_neither_does_decide() -> None:
    router, judge, _ = router_over([])
    assert router.invoke("x", task="code").content == "code"
    assert router.decide("x").notes == ("the classifier llm was not asked",)
    assert judge.calls == 0


@pytest.mark.parametrize("is_async", [False, True])
async def test_trap_17_a_classifiers_tokens_are_absent_from_message_streams(is_async: bool) -> None:
    router, _, _ = router_over(["code"])

    def sync_node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [router.invoke(state["messages"])]}

    async def async_node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await router.ainvoke(state["messages"])]}

    node: Callable[..., Any] = async_node if is_async else sync_node
    graph = StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile()
    asked: Any = {"messages": [("human", "x")]}
    if is_async:
        seen = [chunk async for chunk in graph.astream(asked, stream_mode="messages")]
    else:
        seen = list(graph.stream(asked, stream_mode="messages"))
    assert "".join(chunk.content for chunk, _ in seen) == "code"  # type: ignore[union-attr]
    assert "".join(router.stream_events("x", version="v3").text) == "code"


class CountedVectors(Embeddings):
    """A vector of letter counts: the same for the same text, near for near ones."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(text.count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


ROUTES = {"code": ["write a python function", "fix this bug"], "general": ["tell me a story", "write a poem"]}


@pytest.mark.parametrize("door", DOORS)
async def test_the_nearest_example_decides_and_examples_are_embedded_once(door: Door) -> None:
    vectors = CountedVectors()
    models = {name: ScriptedChatModel([name] * 9) for name in ROUTES}
    router = RouterChatModel(
        RouterChatModel.from_models(models, default="general").engine.snapshot.config,
        clients={"scripted": models["code"], "scripted-2": models["general"]},
        classifier=SemanticClassifier(vectors, ROUTES),
    )
    assert (await door(router, "fix these bugs")).content == "code"
    assert (await door(router, "tell me stories")).content == "general"
    assert len(vectors.embedded) == 4 + 2


def test_a_classifier_that_lacks_its_model_is_refused_when_the_router_is_made() -> None:
    with pytest.raises(InvalidOptionError, match="classifier_model"):
        RouterChatModel({"routing": {"classifier": "llm"}})
    with pytest.raises(InvalidOptionError, match="embedding_model"):
        RouterChatModel({"routing": {"classifier": "semantic"}})


def test_a_cascade_asks_only_where_the_local_classifier_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = ScriptedChatModel(["reasoning"] * 9)
    clients: Any = {"sambanova-llama-8b": judge}
    monkeypatch.setenv("SAMBANOVA_API_KEY", "x")
    routing = {"classifier": "cascade", "classifier_model": "sambanova-llama-8b", "classifier_threshold": 0.5}
    one = {"mine": {"default": "sambanova-llama-8b"}}
    config = {"routing": routing, "presets": one, "preset": "mine"}
    sure = RouterChatModel(config, clients=clients).invoke("Write a Python function that sorts a list of integers.")
    assert record_of(sure)["task"] == "code"
    config["routing"] = {**routing, "classifier_threshold": 1.0}
    unsure = RouterChatModel(config, clients=clients).invoke("Write a Python function that sorts a list of integers.")
    assert record_of(unsure)["task"] == "reasoning"


LUNA = "openai-gpt-6-luna"
Served = tuple[Simulator, RouterConfig]


def deciding(served: Served, *, models: dict[str, str] | None = None, **routing: Any) -> RouterChatModel:
    """Return a router at the simulator whose tasks are told apart by the Decisions API."""
    data = served[1].model_dump()
    data["routing"] = {**data["routing"], "classifier": "decisions", "classifier_model": LUNA, **routing}
    if models is not None:
        data["presets"], data["preset"] = {"mine": models}, "mine"
    return RouterChatModel(RouterConfig.model_validate({**data, "extends": "none"}))


async def test_the_decisions_api_decides_with_a_probability(door: Door, served: Served) -> None:
    router, runs, counted = deciding(served), Runs(), UsageMetadataCallbackHandler()
    said = record_of(await door(router, "some code, please", {"callbacks": [runs, counted]}))
    assert (said["task"], said["task_source"], said["confidence"]) == ("code", "classifier:decisions", 0.8)
    asked, replied = served[0].requests
    assert (asked.path, asked.body["model"], asked.body["input"]) == (
        "/openai/v1/decisions",
        "gpt-6-luna",
        "some code, please",
    )
    (question,) = asked.body["questions"]
    assert {choice["value"] for choice in question["choices"]} == {"simple", "general", "reasoning", "code", "agent"}
    assert replied.path.endswith("/chat/completions")
    assert [provider for provider, _ in runs.served_by] == ["openai", said["provider"]]
    assert {run["name"] for run in runs.chains.values()} == {"RouterChatModel"}
    assert counted.usage_metadata["gpt-6-luna"]["input_tokens"] == said["attempts"][0]["input_tokens"]


async def test_a_decision_is_a_row_of_the_ledger_at_its_own_price(door: Door, served: Served) -> None:
    router = deciding(served)
    await door(router, "some code, please")
    live = router.engine.snapshot.live
    asked, _ = live.ledger.rows()
    attempt = asked.attempt
    assert (asked.role, attempt.model, attempt.outcome, attempt.estimated) == ("classifier", LUNA, "ok", False)
    assert attempt.cost_usd == (attempt.input_tokens * Decimal("0.1") + attempt.output_tokens * Decimal("0.5")) / 10**6
    assert live.health.snapshot()[LUNA].calls == 1


async def test_the_tracer_sees_a_decision_once_with_its_cost(door: Door, served: Served) -> None:
    tracer = tracer_with_a_list()
    said = record_of(await door(deciding(served), "some code, please", {"callbacks": [tracer]}))
    assert [run.name for run in tracer.models] == ["DecisionsChatModel", "ChatOpenAI"]
    usage = tracer.models[0].extra["metadata"]["usage_metadata"]
    assert usage["total_cost"] == pytest.approx(said["attempts"][0]["cost_usd"])


def test_the_apis_own_client_is_not_traced_beneath_a_decision(served: Served) -> None:
    router, runs, client = deciding(served), Runs(), MagicMock(spec=Client)
    graph = StateGraph(MessagesState).add_node("n", lambda state: {"messages": [router.invoke(state["messages"])]})
    compiled = graph.add_edge(START, "n").compile()
    with tracing_context(client=client, enabled=True):
        compiled.invoke({"messages": [HumanMessage("some code, please")]}, {"callbacks": [runs]})
    assert "OpenAIDecisions" not in {run["name"] for run in runs.chains.values()}
    traced = {call.kwargs.get("name") for call in client.create_run.call_args_list}
    assert "DecisionsChatModel" in traced
    assert "OpenAIDecisions" not in traced


def test_trap_17_a_decision_is_absent_from_message_streams(served: Served) -> None:
    router = deciding(served)
    graph = StateGraph(MessagesState).add_node("n", lambda state: {"messages": [router.invoke(state["messages"])]})
    asked: Any = {"messages": [("human", "some code, please")]}
    seen = [chunk for chunk, _ in graph.add_edge(START, "n").compile().stream(asked, stream_mode="messages")]
    assert served[0].calls(LUNA) == 1
    assert whole(seen).text.startswith("This is a simulated answer")


async def test_a_text_is_decided_once(door: Door, served: Served) -> None:
    router = deciding(served)
    tasks = [record_of(await door(router, "some code, please"))["task"] for _ in range(2)]
    assert tasks == ["code", "code"]
    assert served[0].calls(LUNA) == 1


def decided(**answer: Any) -> Fault:
    """Return what lets the API answer so."""
    answers = [{"name": "task", "type": "choice", "confidence": 0.9, **answer}] if answer else []
    return Fault("body", body={"model": "gpt-6-luna", "answers": answers, "usage": {"input_tokens": 9}})


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault("status", 500), "error"),
        (Fault("status", 429), "error"),
        (Fault("status", 400), "error"),
        (Fault("reset"), "error"),
        (Fault("body", body="<html>"), "error"),
        (Fault("body", body={"answers": [1]}), "error"),
        (decided(), "error"),
        (Fault("refusal"), "ok"),
        (decided(choice="poetry", probabilities=[{"value": "poetry", "probability": 1.0}]), "ok"),
        (decided(choice="code", probabilities=[]), "ok"),
        (decided(choice="code", probabilities=[{"value": "code", "probability": 7}]), "ok"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else value,
)
async def test_a_decision_that_fails_or_is_unclear_means_the_default_task(
    door: Door, served: Served, fault: Fault, outcome: str
) -> None:
    served[0].fault(LUNA, fault)
    said = record_of(await door(deciding(served), "some code, please"))
    assert (said["task"], said["task_source"]) == ("general", "default")
    assert said["notes"] == ["classifier decisions gave no answer"]
    assert [attempt["outcome"] for attempt in said["attempts"]] == [outcome, "ok"]


async def test_a_slow_decision_is_not_waited_for(door: Door, served: Served) -> None:
    served[0].fault(LUNA, Fault("hang"))
    router = deciding(served, classifier_timeout_s=0.2)
    began = time.monotonic()
    said = record_of(await door(router, "some code, please"))
    assert time.monotonic() - began < 2
    assert (said["task_source"], said["attempts"][0]["outcome"]) == ("default", "error")
    assert "timed out" in said["attempts"][0]["error"]


@pytest.mark.parametrize("status", [403, 404])
async def test_a_model_without_decisions_may_still_chat(door: Door, served: Served, status: int) -> None:
    served[0].fault(LUNA, Fault("status", status), times=1)
    said = record_of(await door(deciding(served, models={"default": LUNA}), "some code, please"))
    assert [(one["model"], one["outcome"]) for one in said["attempts"]] == [(LUNA, "error"), (LUNA, "ok")]


def test_without_a_key_nobody_is_asked_for_a_decision(served: Served) -> None:
    router = deciding(served, models={"default": "sambanova-llama-8b"})
    data = router.engine.snapshot.config.model_dump()
    data["providers"]["openai"]["api_key_env"] = "OPENAI_API_KEY"
    said = record_of(RouterChatModel(RouterConfig.model_validate({**data, "extends": "none"})).invoke("some code"))
    assert [attempt["model"] for attempt in said["attempts"]] == ["sambanova-llama-8b"]
    assert served[0].calls(LUNA) == 0


def test_decisions_are_refused_when_the_router_is_made_where_they_cannot_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def config(**routing: Any) -> dict[str, Any]:
        return {"routing": {"classifier": "decisions", **routing}}

    with pytest.raises(InvalidOptionError, match="classifier_model: name the model"):
        RouterChatModel(config())
    with pytest.raises(InvalidOptionError, match=r"kind `openai`.*; anthropic is none"):
        RouterChatModel({**config(classifier_model="claude"), "models": {"claude": CLAUDE}})
    with pytest.raises(InvalidOptionError, match="handed in"):
        RouterChatModel(config(classifier_model=LUNA), clients={LUNA: ScriptedChatModel([])})
    monkeypatch.setitem(sys.modules, "langchain_openai.decisions", None)
    with pytest.raises(InvalidOptionError, match=r"langchain-openai 1\.7 or newer"):
        RouterChatModel(config(classifier_model=LUNA))


CLAUDE = {"provider": "anthropic", "api_name": "claude"}
