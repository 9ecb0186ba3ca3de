"""Small questions about messages that several doors ask."""

import json
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage


def as_answer(message: BaseMessage) -> AIMessage:
    """Return what a model said as an answer; some models for tests repeat the message that they were sent."""
    return message if isinstance(message, AIMessage) else AIMessage(message.content, id=message.id)


def as_chunk(message: BaseMessage) -> AIMessageChunk:
    """Return the whole message as the one and last chunk of a stream."""
    if isinstance(message, AIMessageChunk):
        return message
    message = as_answer(message)
    fields: dict[str, Any] = {name: value for name, value in message if name != "type"}
    fields["tool_call_chunks"] = [
        {
            "name": call["name"],
            "args": json.dumps(call["args"], ensure_ascii=False),
            "id": call["id"],
            "index": index,
            "type": "tool_call_chunk",
        }
        for index, call in enumerate(message.tool_calls)
    ]
    return AIMessageChunk(**fields, chunk_position="last")


def as_message(chunk: AIMessage) -> AIMessage:
    """Return a merged chunk as a plain message."""
    if not isinstance(chunk, AIMessageChunk):
        return chunk
    skipped = {"type", "tool_call_chunks", "chunk_position"}
    return AIMessage(**{name: value for name, value in chunk if name not in skipped})
