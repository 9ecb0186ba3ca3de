from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_modelrouter.dispatch.answers import bad_answer, is_empty
from langchain_modelrouter.dispatch.settings import LimitsConfig

DEFAULT = LimitsConfig()
CALL = {"name": "f", "args": {}, "id": "1", "type": "tool_call"}
BROKEN_CALL = {"name": "f", "args": "{bad", "id": "1", "error": None, "type": "invalid_tool_call"}


def message(content: Any = "", finish: str | None = None, **parts: Any) -> AIMessage:
    metadata = {"finish_reason": finish} if finish else {}
    return AIMessage(content=content, response_metadata=metadata, **parts)


NOT_EMPTY = [
    message("hi"),
    message(" "),
    message([{"type": "text", "text": "hi"}]),
    message([{"type": "reasoning", "reasoning": "hmm"}]),
    message([{"type": "image", "url": "http://a/b.png"}]),
    message(tool_calls=[CALL]),
    message(invalid_tool_calls=[BROKEN_CALL]),
    message(additional_kwargs={"refusal": "no"}),
    message(additional_kwargs={"reasoning_content": "hmm"}),
    AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": "", "id": "1", "index": 0}]),
]


@pytest.mark.parametrize("answer", NOT_EMPTY)
def test_whatever_a_model_has_to_say_is_content(answer: AIMessage) -> None:
    assert not is_empty(answer)


@pytest.mark.parametrize(
    "answer",
    [message(), message([]), message([{"type": "text", "text": ""}]), message(additional_kwargs={"refusal": None})],
)
def test_fault_24_nothing_at_all_is_empty(answer: AIMessage) -> None:
    problem = bad_answer(answer, DEFAULT)
    assert problem is not None
    assert problem.kind == "empty"
    assert bad_answer(answer, LimitsConfig(empty_answer="return")) is None


@pytest.mark.parametrize("finish", ["content_filter", "refusal", "SAFETY", "length", "max_tokens"])
def test_faults_27_and_29_a_filtered_or_cut_answer_is_an_answer_even_an_empty_one(finish: str) -> None:
    assert bad_answer(message(finish=finish), DEFAULT) is None


@pytest.mark.parametrize("metadata", [{}, {"finish_reason": None}, {"finish_reason": ""}])
def test_fault_18_openais_answers_say_why_they_ended(metadata: dict[str, Any]) -> None:
    cut = AIMessage("hi", response_metadata={"model_provider": "openai", **metadata})
    problem = bad_answer(cut, DEFAULT)
    assert problem is not None
    assert problem.kind == "truncated"


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"model_provider": "scripted"},
        {"model_provider": "openai", "finish_reason": "stop"},
        {"model_provider": "openai", "status": "completed"},
    ],
)
def test_an_answer_is_not_cut_off_where_its_end_is_told_or_never_is(metadata: dict[str, Any]) -> None:
    assert bad_answer(AIMessage("hi", response_metadata=metadata), DEFAULT) is None


@pytest.mark.parametrize("finish", ["error", "abort", "MALFORMED_FUNCTION_CALL"])
def test_a_provider_that_says_it_failed_has_failed(finish: str) -> None:
    problem = bad_answer(message("hi", finish), DEFAULT)
    assert problem is not None
    assert problem.kind == "malformed"


STREAMED = AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": "{bad", "id": "1", "index": 0}])
STREAMED_WELL = AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": "{}", "id": "1", "index": 0}])
STREAMED_BARE = AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": "", "id": "1", "index": 0}])


@pytest.mark.parametrize("answer", [message(invalid_tool_calls=[BROKEN_CALL]), STREAMED])
def test_fault_25_arguments_that_are_not_json_fall_back_only_where_asked_for(answer: AIMessage) -> None:
    assert bad_answer(answer, DEFAULT) is None
    problem = bad_answer(answer, LimitsConfig(invalid_tool_calls="fallback"))
    assert problem is not None
    assert problem.kind == "malformed"


@pytest.mark.parametrize("answer", [message(tool_calls=[CALL]), STREAMED_WELL, STREAMED_BARE])
def test_sound_tool_calls_are_answers(answer: AIMessage) -> None:
    assert bad_answer(answer, LimitsConfig(invalid_tool_calls="fallback")) is None
