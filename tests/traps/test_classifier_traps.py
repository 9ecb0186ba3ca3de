"""Trap 17: what a classifier is told and says stays out of the answer, and is paid for under its own name."""

from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.exceptions import ModelRateLimitError

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import Door, Runs, record, scripted
from tests.traps.test_stream_traps import graph_over, said_by


def judged_by(*words: Any) -> tuple[RouterChatModel, ScriptedChatModel]:
    """Return a router whose tasks are told apart by a model that says these words."""
    judge = scripted(*words, name="judge", cyclic=True)
    models = {
        "general": scripted("plain text", name="alpha", cyclic=True),
        "code": scripted("some code", name="beta", cyclic=True),
    }
    return RouterChatModel.from_models(models, classifier=judge), judge


async def test_trap_17_the_classifier_decides_and_is_one_model_run_of_its_own(door: Door) -> None:
    router, judge = judged_by("code")
    runs, counted = Runs(), UsageMetadataCallbackHandler()
    answer = await door(router, "sort a list", {"callbacks": [runs, counted]})
    assert answer.text == "some code"
    said = record(answer)
    assert (said["task"], said["task_source"]) == ("code", "classifier:llm")
    assert [name for _, name in runs.served_by] == ["judge", "beta"]
    assert counted.usage_metadata["beta"] == answer.usage_metadata
    assert counted.usage_metadata["judge"]["total_tokens"] > 0
    assert judge.calls == 1


@pytest.mark.parametrize(
    ("how", "is_async"), [("invoke", False), ("ainvoke", True), ("stream", False), ("astream", True)]
)
async def test_trap_17_its_tokens_are_absent_from_messages_mode(how: str, is_async: bool) -> None:
    router, _ = judged_by("code")
    messages = await said_by(graph_over(router, how), is_async=is_async)
    assert "".join(message.text for message in messages) == "some code"


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
async def test_trap_17_its_tokens_are_absent_from_v3_events() -> None:
    router, _ = judged_by("code")
    assert "".join(router.stream_events("sort", version="v3").text) == "some code"
    run = graph_over(judged_by("code")[0]).stream_events({"messages": [("human", "hi")]}, version="v3")
    assert [str(message.text) for message in run.messages if str(message.text)] == ["some code"]
    arun = await graph_over(judged_by("code")[0], "ainvoke").astream_events(
        {"messages": [("human", "hi")]}, version="v3"
    )
    texts = ["".join([part async for part in message.text]) async for message in arun.messages]
    assert [text for text in texts if text] == ["some code"]


async def test_trap_17_its_tokens_are_absent_from_the_stream(stream_door: Door) -> None:
    router, _ = judged_by("code")
    answer = await stream_door(router, "sort a list")
    assert answer.text == "some code"
    assert answer.usage_metadata["output_tokens"] < 10


@pytest.mark.parametrize("word", ["poetry", "", ModelRateLimitError("no"), RuntimeError("broken")])
async def test_trap_17_a_classifier_that_gives_no_word_fails_no_call(door: Door, word: Any) -> None:
    router, _ = judged_by(word)
    answer = await door(router, "sort a list")
    assert answer.text == "plain text"
    assert record(answer)["task_source"] == "default"


async def test_trap_17_nobody_is_asked_where_the_task_is_known(door: Door) -> None:
    router, judge = judged_by("code")
    await door(router, "hi", task="general")
    await door(router, "hi", model="beta")
    assert judge.calls == 0
