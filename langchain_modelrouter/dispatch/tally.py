"""What a stream has given so far: enough to judge and to bill it, without keeping its chunks."""

from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage


class Tally:
    """Counts one stream. `add` is called once per chunk, so it does next to nothing."""

    __slots__ = ("_parts", "metadata", "tool_chunks", "usage")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.usage: UsageMetadata | None = None
        self.metadata: dict[str, Any] = {}
        self.tool_chunks: list[AIMessageChunk] = []

    def add(self, chunk: AIMessageChunk) -> None:
        """Take note of one chunk."""
        content = chunk.content
        if content:
            self._parts.append(content if isinstance(content, str) else chunk.text)
        if chunk.usage_metadata is not None:
            self.usage = add_usage(self.usage, chunk.usage_metadata)
        if chunk.response_metadata:
            self.metadata.update(chunk.response_metadata)
        if chunk.tool_call_chunks or chunk.additional_kwargs:
            self.tool_chunks.append(chunk)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def message(self) -> AIMessage:
        """Return the whole as one message, as far as judging and billing need it."""
        metadata = {name: value for name, value in self.metadata.items() if name != "model_router"}
        whole = AIMessageChunk(content=self.text, response_metadata=metadata, usage_metadata=self.usage)
        for chunk in self.tool_chunks:
            calls, extra = chunk.tool_call_chunks, chunk.additional_kwargs
            whole = whole + AIMessageChunk(content="", tool_call_chunks=calls, additional_kwargs=extra)
        return whole
