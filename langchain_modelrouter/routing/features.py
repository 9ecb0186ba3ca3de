"""From messages to a RouteRequest: what a call looks like from outside, read once, in microseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

CHARS_PER_TOKEN = 4
MESSAGE_TOKENS = 4
"""Roles and separators. Both figures as in `count_tokens_approximately` of langchain-core, rounded up."""
IMAGE_TOKENS = 800
"""About one image of a megapixel; providers differ between 85 and 1600."""
TOOL_TOKENS = 60
"""About one function schema with a description and two parameters."""

BLOCK_NEEDS: Mapping[str, str] = {
    "image": "images",
    "image_url": "images",
    "input_image": "images",
    "audio": "audio",
    "input_audio": "audio",
    "file": "files",
    "input_file": "files",
    "document": "files",
}
"""Type of a content block to the capability that a model needs to read it."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the messages of one call hold."""

    text: str
    system: str
    input_tokens: int
    turn: int
    last_message_type: str
    needs: frozenset[str]
    loop: tuple[str, str] | None
    """Model and task of the routed answer whose tool calls the last messages carry out; None outside a tool loop."""


def features_of(messages: Sequence[BaseMessage]) -> Features:
    """Return sizes, needs and the texts that rules and classifiers read. Messages of any provider's shape will do."""
    chars = images = turn = 0
    text = ""
    system: list[str] = []
    needs: set[str] = set()
    routed: Mapping[str, Any] | None = None
    for message in messages:
        content = message.content
        if isinstance(content, str):
            said = content
        else:
            said = message.text
            kinds = [str(block.get("type")) for block in content if isinstance(block, dict)]
            found = [BLOCK_NEEDS[kind] for kind in kinds if kind in BLOCK_NEEDS]
            needs.update(found)
            images += len(found)
        chars += len(said)
        if isinstance(message, HumanMessage):
            turn += 1
            text = said
        elif isinstance(message, AIMessage):
            chars += sum(len(str(call["args"])) for call in message.tool_calls)
            routed = message.response_metadata.get("model_router")
        elif isinstance(message, SystemMessage):
            system.append(said)
    tokens = -(-chars // CHARS_PER_TOKEN) + MESSAGE_TOKENS * len(messages) + IMAGE_TOKENS * images
    last = type_of(messages[-1]) if messages else "human"
    loop = (str(routed["model"]), str(routed["task"])) if routed and last == "tool" else None
    return Features(text, "\n".join(system), tokens, max(turn, 1), last, frozenset(needs) if needs else NO_NEEDS, loop)


NO_NEEDS: frozenset[str] = frozenset()


def type_of(message: BaseMessage) -> str:
    """Return `human`, `ai`, `tool` or `system`."""
    for cls, name in ((HumanMessage, "human"), (AIMessage, "ai"), (ToolMessage, "tool"), (SystemMessage, "system")):
        if isinstance(message, cls):
            return name
    return "tool" if message.type == "function" else "human"


def tool_names(tools: Sequence[Any] | None) -> tuple[str, ...]:
    """Return the names of attached tools of any shape: functions, classes, tools, provider dicts."""
    return tuple([_tool_name(tool) for tool in tools]) if tools else ()


def _tool_name(tool: Any) -> str:
    if isinstance(tool, Mapping):
        function = tool.get("function")
        named = function if isinstance(function, Mapping) else tool
        return str(named.get("name") or named.get("title") or named.get("type") or "tool")
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", "tool"))
