"""Tokens of one call and their price; estimated where the provider does not tell."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.quick import quick

CHARS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 3
TOKENS_PER_IMAGE = 85
"""Source of the three: the defaults of `count_tokens_approximately` in langchain-core 1.7."""


@quick
@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call."""

    input_tokens: int
    """All input, cached tokens included."""
    output_tokens: int
    """All output, reasoning tokens included."""
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    """True where at least one of the counts is ours and not the provider's."""

    def cost_usd(self, model: ModelInfo) -> Decimal | None:
        """Return the exact price at `model`, in USD; None where a price is unknown."""
        return model.cost_usd(
            self.input_tokens,
            self.output_tokens,
            cached_tokens=self.cached_tokens,
            reasoning_tokens=self.reasoning_tokens,
        )


NO_USAGE = Usage(0, 0)
"""Of an attempt that the provider refused before it read the input."""


def usage_of(message: AIMessage) -> Usage | None:
    """Return the usage that the provider told; None where it told none, or only zeros or nulls."""
    told = message.usage_metadata
    if not told or told.get("input_tokens", 0) <= 0:  # no call has no input
        return None
    return Usage(
        input_tokens=told["input_tokens"],
        output_tokens=max(0, told.get("output_tokens", 0)),
        cached_tokens=_detail(told.get("input_token_details"), "cache_read"),
        reasoning_tokens=_detail(told.get("output_token_details"), "reasoning"),
    )


def billed(message: AIMessage, expected_input: int) -> Usage:
    """Return the told usage of an answer, whole or partial, or an estimate; what was not counted is never 0.

    Args:
        message: the answer.
        expected_input: about how many tokens the input has that it answers.
    """
    told = usage_of(message)
    if told is None:
        return Usage(expected_input, output_estimate(message), estimated=True)
    if told.output_tokens == 0 and (written := output_estimate(message, least=0)):
        return Usage(told.input_tokens, written, told.cached_tokens, estimated=True)
    return told


def estimate(messages: Iterable[BaseMessage]) -> int:
    """Return about how many tokens the messages of a call have: a quarter of the characters, rounded up.

    Messages cost a little more each, and images a fixed number; a call has at least one token.
    """
    return max(1, sum(map(_message_tokens, messages)))


def output_estimate(message: AIMessage, *, least: int = 1) -> int:
    """Return about how many tokens an answer, whole or partial, has; at least `least`."""
    return max(least, _message_tokens(message) - TOKENS_PER_MESSAGE)


def _message_tokens(message: BaseMessage) -> int:
    content, images = message.content, 0
    if isinstance(content, str):
        chars = len(content)
    else:
        images = sum(isinstance(part, dict) and "image" in str(part.get("type")) for part in content)
        chars = sum(len(_text_of(part)) for part in content)
    if isinstance(message, AIMessage):
        for call in (*message.tool_calls, *message.invalid_tool_calls):
            chars += len(call["name"] or "") + len(_as_text(call["args"]))
        reasoning = message.additional_kwargs.get("reasoning_content")
        chars += len(reasoning) if isinstance(reasoning, str) else 0
    return TOKENS_PER_MESSAGE + TOKENS_PER_IMAGE * images - (-chars // CHARS_PER_TOKEN)


def _text_of(part: str | dict[str, Any]) -> str:
    """The part of a message that counts by its characters; of media, only the fixed cost counts."""
    if isinstance(part, str):
        return part
    return next((part[name] for name in ("text", "reasoning", "thinking") if isinstance(part.get(name), str)), "")


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)


def _detail(details: Any, name: str) -> int:
    """A count of a usage's details; OpenAI's service tiers prefix its name (`flex_cache_read`)."""
    if not details:
        return 0
    values = (details.get(f"{prefix}{name}") for prefix in ("", "priority_", "flex_"))
    return next((value for value in values if isinstance(value, int) and value > 0), 0)
