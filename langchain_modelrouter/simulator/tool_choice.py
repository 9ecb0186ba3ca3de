"""Which tools a simulated model calls, and with what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from langchain_modelrouter.simulator.chat_request import ChatRequest
from langchain_modelrouter.simulator.prompt_text import PromptText, words_of
from langchain_modelrouter.simulator.schema_values import schema_value


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, its arguments as the JSON text that providers send."""

    id: str
    name: str
    arguments: str


def tool_calls(request: ChatRequest, prompt: PromptText) -> tuple[ToolCall, ...]:
    """Return the calls that a request asks for or forces; none where a text should be answered.

    A tool that has been called since the last user message is not called again, so that agent loops end,
    unless `tool_choice` forces a call.
    """
    if not request.tools or request.tool_choice == "none":
        return ()
    called = _called_since_user(request.messages)
    if request.tool_choice not in ("auto", "required"):
        chosen = [tool for tool in request.tools if tool["name"] == request.tool_choice]
    else:
        fresh = [tool for tool in request.tools if tool["name"] not in called]
        asked = [tool for tool in fresh if _is_named(tool, prompt)]
        if not asked and not called:
            asked = _best(fresh, prompt)
        if not asked and request.tool_choice == "required":
            asked = _best(fresh, prompt) or (fresh or list(request.tools))[:1]
        chosen = asked if request.parallel_tool_calls else asked[:1]
    return tuple(_call(tool, prompt, number, len(request.messages)) for number, tool in enumerate(chosen))


def _called_since_user(messages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    names: set[str] = set()
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        names.update(call.get("function", {}).get("name", "") for call in message.get("tool_calls") or ())
    return frozenset(names)


def _is_named(tool: Mapping[str, Any], prompt: PromptText) -> bool:
    """True where the prompt names the tool, or has every word of its name."""
    name = words_of(tool["name"])
    return tool["name"] in prompt.subject or (bool(name) and name <= words_of(prompt.subject))


def _best(tools: Sequence[Mapping[str, Any]], prompt: PromptText) -> list[Mapping[str, Any]]:
    """Return the one tool whose name and description share most words with the prompt, if any does."""
    asked = words_of(prompt.subject)
    said = prompt.subject.casefold()

    def shared(tool: Mapping[str, Any]) -> int:
        return 2 * len(words_of(tool["name"]) & asked) + len(words_of(tool.get("description") or "") & asked)

    best = max(tools, key=shared, default=None)
    return [best] if best is not None and (shared(best) > 0 or "tool" in said) else []


def _call(tool: Mapping[str, Any], prompt: PromptText, number: int, turn: int) -> ToolCall:
    values = schema_value(tool.get("parameters") or {"type": "object"}, prompt, optional=False)
    arguments = json.dumps(values, ensure_ascii=False)
    mark = sha256(f"{turn} {number} {tool['name']} {arguments}".encode()).hexdigest()[:24]
    return ToolCall(f"call_{mark}", tool["name"], arguments)
