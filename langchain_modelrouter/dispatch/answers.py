"""Which messages with status 200 are no answers (FAULTS 18, 22-25), and which are (27, 29)."""

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_modelrouter.dispatch.settings import LimitsConfig
from langchain_modelrouter.errors import BadAnswerError

FINISH_NAMES = ("finish_reason", "stop_reason", "done_reason", "stopReason")
"""Where OpenAI, Anthropic, Ollama and Bedrock put the reason why an answer ended."""

BROKEN_FINISHES = frozenset({"error", "abort", "malformed_function_call", "malformed_response"})
"""OpenRouter; vLLM and SGLang; Google."""

EMPTY_FINISHES = frozenset(
    {"content_filter", "refusal", "safety", "recitation", "prohibited_content", "length", "max_tokens"}
)
"""An answer that ended so may be empty: it is what the model has to say, or all that it was allowed to."""


def bad_answer(message: AIMessage, limits: LimitsConfig) -> BadAnswerError | None:
    """Return why `message`, complete, is no answer; None where it is one."""
    metadata = message.response_metadata
    finish = finish_of(metadata) if metadata else None
    if finish in BROKEN_FINISHES:
        return BadAnswerError("malformed", f"the provider ended the answer with {finish!r}")
    # Answers of the Responses API have a status instead.
    if metadata.get("model_provider") == "openai" and finish is None and not metadata.get("status"):
        return BadAnswerError("truncated", "the answer ended without a finish_reason")
    if limits.empty_answer == "fallback" and finish not in EMPTY_FINISHES and is_empty(message):
        return BadAnswerError("empty", "the answer has no content, no tool call and no refusal")
    if limits.invalid_tool_calls == "fallback" and has_invalid_tool_calls(message):
        return BadAnswerError("malformed", "the arguments of a tool call are not JSON")
    return None


def finish_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the reason why an answer ended, in lower case; None where its provider told none."""
    return next((str(metadata[name]).lower() for name in FINISH_NAMES if metadata.get(name)), None)


def is_empty(message: AIMessage) -> bool:
    """True where a message has no content, reasoning, tool call or refusal; white space is content."""
    if message.content and isinstance(message.content, str):
        return False
    if message.tool_calls or message.invalid_tool_calls:
        return False
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        return False
    if any(message.additional_kwargs.values()):  # refusal, reasoning, audio, function_call
        return False
    return not any(_says_something(block) for block in message.content)  # a string is empty here


def has_invalid_tool_calls(message: AIMessage) -> bool:
    """True where the arguments of a tool call are not JSON.

    A merged stream repairs what it can and shows `{bad` as `{}`, so there the raw chunks are read.
    """
    if message.invalid_tool_calls:
        return True
    chunks = message.tool_call_chunks if isinstance(message, AIMessageChunk) else []
    return any(not _is_json(chunk["args"]) for chunk in chunks if chunk["args"])


def _says_something(block: str | dict[str, Any]) -> bool:
    if isinstance(block, str):
        return bool(block)
    return bool(block.get("text")) if block.get("type") == "text" else bool(block)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
