"""Classifiers that ask a model first, through the doors of the chat model."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.embeddings import Embeddings
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import BaseMessage
from langgraph.graph import START, MessagesState, StateGraph

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.classify import SemanticClassifier
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import DOORS, Door


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
    assert [row.role for row in router.engine.snapshot.live.ledger.rows()] == ["classifier", "reply"]  # type: ignore[attr-defined]


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
    assert "".join(chunk.content for chunk, _ in seen) == "code"  # type: ignore[union-attr,misc]
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
