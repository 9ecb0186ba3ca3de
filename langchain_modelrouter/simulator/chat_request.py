"""A chat completion request as a value, read from what a client posted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_modelrouter.simulator.prompt_text import images_of, text_of

CHARS_PER_TOKEN = 4
"""Rule of thumb for English text. Source: OpenAI help centre, "What are tokens and how to count them?"."""
TOKENS_PER_IMAGE = 85
"""Source: OpenAI, "Images and vision", price of a low-detail image of GPT-4o."""


class BadRequestError(ValueError):
    """A request that a provider would refuse with status 400; `param` names the culprit."""

    def __init__(self, message: str, param: str | None = None) -> None:
        self.message, self.param = message, param
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a client asks for."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    """The functions on offer: name, description, parameters."""
    tool_choice: str = "auto"
    """`auto`, `none`, `required` or the name of a tool."""
    parallel_tool_calls: bool = True
    json_mode: bool = False
    json_schema: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    seed: int = 0
    stream: bool = False
    include_usage: bool = False

    @property
    def input_tokens(self) -> int:
        """The size of the input: a quarter of its characters, and a flat price per image."""
        chars = sum(len(text_of(m.get("content"))) + _chars(m.get("tool_calls")) for m in self.messages)
        images = sum(images_of(message.get("content")) for message in self.messages)
        return tokens_of(chars + _chars(self.tools)) + images * TOKENS_PER_IMAGE


def tokens_of(text: str | int) -> int:
    """Return the estimated tokens of a text, or of that many characters, rounded up."""
    chars = text if isinstance(text, int) else len(text)
    return -(-chars // CHARS_PER_TOKEN)


def read_chat_request(body: Any) -> ChatRequest:
    """Return the request that a body holds.

    Raises:
        BadRequestError: something that no provider would take.
    """
    if not isinstance(body, Mapping):
        raise BadRequestError("We could not parse the JSON body of your request.")
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise BadRequestError("you must provide a model parameter", "model")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, Mapping) for m in messages):
        raise BadRequestError("messages: an array of at least one object is needed", "messages")
    json_mode, schema = _response_format(body.get("response_format"))
    stop = body.get("stop") or ()
    tools = tuple(tool["function"] for tool in body.get("tools") or () if _is_function(tool))
    return ChatRequest(
        model=model,
        messages=tuple(messages),
        tools=tools,
        tool_choice=_tool_choice(body.get("tool_choice"), tools),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        json_mode=json_mode,
        json_schema=schema,
        max_tokens=_whole_number(body, "max_completion_tokens") or _whole_number(body, "max_tokens"),
        stop=(stop,) if isinstance(stop, str) else tuple(filter(None, stop)),
        n=_whole_number(body, "n") or 1,
        seed=_whole_number(body, "seed", least=None) or 0,
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _chars(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False)) if value else 0


def _is_function(tool: Any) -> bool:
    if not isinstance(tool, Mapping):
        raise BadRequestError("tools: every tool is an object", "tools")
    return isinstance(tool.get("function"), Mapping) and isinstance(tool["function"].get("name"), str)


def _response_format(given: Any) -> tuple[bool, Mapping[str, Any] | None]:
    match given:
        case {"type": "json_schema", "json_schema": {"schema": dict() as schema}}:
            return False, schema
        case {"type": "json_object"}:
            return True, None
        case None | {"type": "text"}:
            return False, None
    raise BadRequestError("response_format: a type of text, json_object or json_schema is needed", "response_format")


def _tool_choice(given: Any, tools: tuple[Mapping[str, Any], ...]) -> str:
    match given:
        case None:
            return "auto"
        case "any":
            return "required"
        case "auto" | "none" | "required":
            return str(given)
        case {"function": {"name": str(name)}} if any(tool["name"] == name for tool in tools):
            return name
    raise BadRequestError("tool_choice: it names no tool of this request", "tool_choice")


def _whole_number(body: Mapping[str, Any], name: str, *, least: int | None = 1) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or (least is not None and value < least):
        raise BadRequestError(f"{name}: a whole number{'' if least is None else f' from {least}'} is needed", name)
    return value
