"""A history that the next provider accepts, whoever wrote it.

When the model changes between turns or on fallback, messages of another provider hold what only that one
understands: reasoning with its signatures, cache markers, blocks of server-side tools, ids of its own. These are
translated or dropped; texts, tool calls and their results stay, and stay paired.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_modelrouter.quick import quick

TOOL_CALL_BLOCKS = frozenset({"tool_use", "tool_call", "tool_call_chunk", "function_call", "functionCall"})
"""Blocks that repeat what `tool_calls` says; dropping them loses nothing."""

REASONING_BLOCKS = frozenset({"reasoning", "reasoning_content", "thinking", "redacted_thinking", "thought"})

NO_RESULT = "No result: this call was not carried out."
"""Stands where a tool call has no result, since providers refuse a history with one that is open."""

_PORTABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")
"""What both OpenAI (40 characters) and Anthropic (this alphabet) take as the id of a tool call."""


@quick
@dataclass(frozen=True, slots=True)
class History:
    """Messages that fit a provider, and what had to go."""

    messages: Sequence[BaseMessage]
    dropped: tuple[str, ...] = field(default=())
    """In words, each once, such as `reasoning of anthropic`; never the content itself."""


def fitted_history(messages: Sequence[BaseMessage], *, provider: str, family: str) -> History:
    """Return `messages` as the target accepts them; the very same list where nothing is foreign.

    Args:
        messages: the conversation so far.
        provider: key of the target's provider.
        family: the integration that speaks to it, as `response_metadata["model_provider"]` names it.
    """
    for one in messages:
        is_plain = isinstance(one.content, str) and not isinstance(one, AIMessage)
        if not is_plain and (_is_foreign(one, provider, family) or _is_marked(one, family)):
            break
    else:
        return History(messages)
    dropped: dict[str, None] = {}
    ids: dict[str, str] = {}
    plain: list[BaseMessage] = []
    for message in messages:
        if isinstance(message, AIMessage) and _is_foreign(message, provider, family):
            plain.append(_neutral_answer(message, dropped, ids))
        elif isinstance(message, ToolMessage) and message.tool_call_id in ids:
            plain.append(message.model_copy(update={"tool_call_id": ids[message.tool_call_id]}))
        else:
            plain.append(message)
        if _is_marked(plain[-1], family):
            plain[-1] = _unmarked(plain[-1], dropped)
    return History(_paired(plain, dropped), tuple(dropped))


def _is_foreign(message: BaseMessage, provider: str, family: str) -> bool:
    """Return whether another provider wrote this answer and left something of its own in it."""
    if not isinstance(message, AIMessage):
        return False
    metadata = message.response_metadata
    routed = metadata.get("model_router")
    wrote = metadata.get("model_provider")
    if wrote in (None, family) if routed is None else routed.get("provider") == provider:
        return False
    return (
        not isinstance(message.content, str)
        or bool(message.additional_kwargs)
        or bool(message.invalid_tool_calls)
        or any(not _is_portable(call["id"]) for call in message.tool_calls)
        or str(message.id).startswith(("msg_", "resp_"))
    )


def _neutral_answer(message: AIMessage, dropped: dict[str, None], ids: dict[str, str]) -> AIMessage:
    """Return an answer with its texts and tool calls only."""
    whose = str(message.response_metadata.get("model_provider") or "another provider")
    texts: list[str] = []
    for block in [message.content] if isinstance(message.content, str) else message.content:
        text, lost = _text_of(block)
        texts += [text] if text else []
        if lost:
            dropped[f"{lost} of {whose}"] = None
    for name in message.additional_kwargs:
        if name not in ("tool_calls", "function_call"):
            dropped[f"{'reasoning' if 'reason' in name or 'thought' in name else name} of {whose}"] = None
    if message.invalid_tool_calls:
        dropped[f"invalid tool calls of {whose}"] = None
    calls = []
    for call in message.tool_calls:
        old = call["id"]
        if not _is_portable(old):
            new = "call_" + blake2b(str(old).encode(), digest_size=12).hexdigest()
            if old is not None:
                ids[old] = new
            call = {**call, "id": new}
        calls.append(call)
    return AIMessage("\n".join(texts), tool_calls=calls, usage_metadata=message.usage_metadata, name=message.name)


def _text_of(block: str | dict[str, Any]) -> tuple[str, str | None]:
    """Return the text of a content block, and in a word what is lost where it has none."""
    if isinstance(block, str):
        return block, None
    kind = str(block.get("type"))
    if kind in ("text", "output_text"):
        return str(block.get("text") or ""), None
    if kind == "refusal":
        return str(block.get("refusal") or ""), None
    if kind in TOOL_CALL_BLOCKS:
        return "", None
    return "", "reasoning" if kind in REASONING_BLOCKS else kind


def _is_marked(message: BaseMessage, family: str) -> bool:
    """Return whether a message carries Anthropic's cache markers to somebody else."""
    if family == "anthropic" or isinstance(message.content, str):
        return False
    return any(isinstance(block, dict) and "cache_control" in block for block in message.content)


def _unmarked(message: BaseMessage, dropped: dict[str, None]) -> BaseMessage:
    dropped["cache markers"] = None
    content = [
        {name: value for name, value in block.items() if name != "cache_control"} if isinstance(block, dict) else block
        for block in message.content
    ]
    return message.model_copy(update={"content": content})


def _paired(messages: list[BaseMessage], dropped: dict[str, None]) -> list[BaseMessage]:
    """Return the messages with one result after each tool call, and no result without a call."""
    paired: list[BaseMessage] = []
    waiting: dict[str, None] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in waiting:
                dropped["a tool result without its call"] = None
                continue
            del waiting[message.tool_call_id]
        else:
            paired += [ToolMessage(NO_RESULT, tool_call_id=call_id) for call_id in waiting]
            waiting = {}
            if isinstance(message, AIMessage):
                waiting = {str(call["id"]): None for call in message.tool_calls}
        paired.append(message)
    return paired


def _is_portable(call_id: str | None) -> bool:
    return call_id is not None and _PORTABLE_ID.match(call_id) is not None
