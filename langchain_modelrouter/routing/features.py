"""From messages to a RouteRequest: what a call looks like from outside, read once, in microseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_modelrouter.quick import quick

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


NO_NEEDS: frozenset[str] = frozenset()


@quick
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
    text, last = "", "human"
    system: list[str] = []
    needs = NO_NEEDS
    routed: Mapping[str, Any] | None = None
    for message in messages:
        content = message.content
        if isinstance(content, str):
            said = content
        else:
            said = message.text
            kinds = [str(block.get("type")) for block in content if isinstance(block, dict)]
            found = [BLOCK_NEEDS[kind] for kind in kinds if kind in BLOCK_NEEDS]
            needs = needs.union(found)
            images += len(found)
        chars += len(said)
        if isinstance(message, HumanMessage):
            last = "human"
            turn += 1
            text = said
        elif isinstance(message, AIMessage):
            last = "ai"
            chars += sum(len(str(call["args"])) for call in message.tool_calls)
            routed = message.response_metadata.get("model_router")
        elif isinstance(message, SystemMessage):
            last = "system"
            system.append(said)
        else:
            last = "tool" if isinstance(message, ToolMessage) or message.type == "function" else "human"
    tokens = -(-chars // CHARS_PER_TOKEN) + MESSAGE_TOKENS * len(messages) + IMAGE_TOKENS * images
    loop = (str(routed["model"]), str(routed["task"])) if routed and last == "tool" else None
    return Features(text, "\n".join(system), tokens, turn or 1, last, needs, loop)


def tool_names(tools: Sequence[Any] | None) -> tuple[str, ...]:
    """Return the names of attached tools of any shape: functions, classes, tools, provider dicts."""
    return tuple([_tool_name(tool) for tool in tools]) if tools else ()


def _tool_name(tool: Any) -> str:
    if isinstance(tool, Mapping):
        function = tool.get("function")
        named = function if isinstance(function, Mapping) else tool
        return str(named.get("name") or named.get("title") or named.get("type") or "tool")
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", "tool"))
