"""Test doubles for what a router calls: a scripted chat model, a clock that stands still, a server with faults.

Nothing here needs pytest. A fixture is two lines:

    @pytest.fixture
    def server():
        with fault_server() as (server, config):
            yield server, config
"""

import asyncio
import itertools
import json
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator import Fault, Simulator
from langchain_modelrouter.simulator.network_faults import (
    refused_url,
    unanswered_url,
    unresolvable_url,
    untrusted_tls_url,
)
from langchain_modelrouter.simulator.simulated_config import simulated

__all__ = [
    "FakeClock",
    "Fault",
    "Reply",
    "ScriptExhaustedError",
    "ScriptedChatModel",
    "ScriptedRequest",
    "fault_server",
    "refused_url",
    "simulated",
    "unanswered_url",
    "unresolvable_url",
    "untrusted_tls_url",
]

Piece = str | AIMessageChunk | float | BaseException
"""A part of a stream: a delta, a pause in seconds, or the error with which the stream breaks."""

Reply = str | AIMessage | BaseException | Sequence[Piece]
"""One reply of a script: a text, a message, an error, or the parts of a stream."""


class ScriptExhaustedError(AssertionError):
    """A scripted model was asked more often than its script has replies."""


@dataclass(frozen=True, slots=True)
class ScriptedRequest:
    """What a scripted model was asked."""

    messages: tuple[BaseMessage, ...]
    kwargs: dict[str, Any]
    """What was bound or passed with the call, `stop` included where it was given."""


class ScriptedChatModel(BaseChatModel):
    """A chat model that replies from a script, one reply per call, through all doors, over no network.

    A text or message is streamed word by word, a sequence as it stands; its last chunk carries the finish reason
    and the usage. A reply that is an error is raised, and one inside a sequence breaks the stream there.
    """

    script: tuple[Any, ...]
    """The replies, each a `Reply`."""
    cyclic: bool = False
    """From the start again after the last reply, rather than an error."""
    model_name: str = "scripted"
    provider: str = "scripted"
    """What callbacks see as `ls_provider`."""
    latency_s: float = 0.0
    """Seconds before each reply."""
    streams: bool = True
    """False: a model that has no stream, so that its answers come whole."""
    usage: UsageMetadata | Literal["estimated"] | None = "estimated"
    """The usage of replies that carry none: given, estimated, or none at all."""
    sleep: Callable[[float], object] = time.sleep
    asleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    _requests: list[ScriptedRequest] = PrivateAttr(default_factory=list)
    _numbers: "itertools.count[int]" = PrivateAttr(default_factory=itertools.count)

    def __init__(self, script: Sequence[Reply], **fields: Any) -> None:
        super().__init__(**{"script": tuple(script), **fields})

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self._requests)

    @property
    def requests(self) -> tuple[ScriptedRequest, ...]:
        """What it was asked, in order."""
        return tuple(self._requests)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = self.provider
        return params

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools, in OpenAI's form, to be seen in `requests`."""
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _should_stream(self, **kwargs: Any) -> bool:
        return self.streams and super()._should_stream(**kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        made: list[AIMessageChunk] = []
        for piece in self._pieces(messages, stop, kwargs):
            if isinstance(piece, float):
                self.sleep(piece)
            else:
                made.append(piece)
        return _result(made)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        made: list[AIMessageChunk] = []
        for piece in self._pieces(messages, stop, kwargs):
            if isinstance(piece, float):
                await self.asleep(piece)
            else:
                made.append(piece)
        return _result(made)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages, stop, kwargs):
            if isinstance(piece, float):
                self.sleep(piece)
            else:
                yield ChatGenerationChunk(message=piece)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in self._pieces(messages, stop, kwargs):
            if isinstance(piece, float):
                await self.asleep(piece)
            else:
                yield ChatGenerationChunk(message=piece)

    def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Iterator[AIMessageChunk | float]:
        """Yield the pauses and chunks of the next reply; raise where the script says so."""
        asked = {**kwargs, **({"stop": stop} if stop is not None else {})}
        self._requests.append(ScriptedRequest(tuple(messages), asked))
        number = next(self._numbers)
        if number >= len(self.script) and not (self.cyclic and self.script):
            raise ScriptExhaustedError(f"{self.model_name} has {len(self.script)} replies and was asked once more")
        reply: Reply = self.script[number % len(self.script)]
        if self.latency_s:
            yield self.latency_s
        said: AIMessageChunk | None = None
        for piece in _pieces_of(reply):
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, int | float):
                yield float(piece)
                continue
            chunk = AIMessageChunk(content=piece) if isinstance(piece, str) else piece.model_copy()
            said = chunk if said is None else said + chunk
            yield chunk
        yield self._last(messages, AIMessageChunk(content="") if said is None else said)

    def _last(self, messages: list[BaseMessage], said: AIMessageChunk) -> AIMessageChunk:
        """Return the chunk that ends a reply: with what of its metadata the reply has not given itself."""
        given = said.response_metadata
        reason = "tool_calls" if said.tool_calls or said.invalid_tool_calls else "stop"
        own = {"model_name": self.model_name, "finish_reason": reason}
        usage = None if said.usage_metadata is not None or self.usage is None else self.usage
        return AIMessageChunk(
            content="",
            response_metadata={key: value for key, value in own.items() if key not in given},
            usage_metadata=_estimated(messages, said) if usage == "estimated" else usage,
            chunk_position="last",
        )


@dataclass
class FakeClock:
    """A clock that moves only when it is told to: call it for the instant, in seconds."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        """Return the instant."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass, in place of `time.sleep`."""
        self.advance(max(0.0, seconds))

    async def asleep(self, seconds: float) -> None:
        """Let time pass, in place of `asyncio.sleep`; others get their turn."""
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)


@contextmanager
def fault_server(
    config: RouterConfig | None = None, *, speed: float = math.inf, seed: int = 0
) -> Iterator[tuple[Simulator, RouterConfig]]:
    """Give a simulator that answers the providers of `config`, and the configuration that calls it.

    Args:
        config: by default the built-in one.
        speed: how many times faster than the catalogue says; by default without any latency.
        seed: see `Simulator`.
    """
    config = RouterConfig.builtin() if config is None else config
    with Simulator(config.registry, speed=speed, seed=seed) as server:
        yield server, simulated(config, server)


def _pieces_of(reply: Reply) -> Iterator[Piece]:
    """Yield the parts of a reply as a stream."""
    match reply:
        case str():
            yield from re.findall(r"\s*\S+|\s+$", reply)
        case AIMessage():
            yield from _chunks_of(reply)
        case BaseException():
            yield reply
        case _:
            yield from reply


def _chunks_of(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Yield the chunks that add up to a message."""
    if isinstance(message.content, str):
        for word in re.findall(r"\s*\S+|\s+$", message.content):
            yield AIMessageChunk(content=word)
    for index, call in enumerate(message.tool_calls):
        arguments = json.dumps(call["args"], ensure_ascii=False)
        piece = tool_call_chunk(name=call["name"], args=arguments, id=call["id"], index=index)
        yield AIMessageChunk(content="", tool_call_chunks=[piece])
    for number, broken in enumerate(message.invalid_tool_calls, len(message.tool_calls)):
        piece = tool_call_chunk(name=broken["name"], args=broken["args"], id=broken["id"], index=number)
        yield AIMessageChunk(content="", tool_call_chunks=[piece])
    yield AIMessageChunk(
        content="" if isinstance(message.content, str) else message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
    )


def _estimated(messages: list[BaseMessage], said: AIMessageChunk) -> UsageMetadata:
    """Return the usage that LangChain's own rule of thumb gives."""
    asked, answered = count_tokens_approximately(messages), max(1, count_tokens_approximately([said]))
    return UsageMetadata(input_tokens=asked, output_tokens=answered, total_tokens=asked + answered)


def _result(made: list[AIMessageChunk]) -> ChatResult:
    """Return the whole message that the chunks add up to."""
    whole = made[0]
    for chunk in made[1:]:
        whole = whole + chunk
    message = AIMessage(
        content=whole.content,
        additional_kwargs=whole.additional_kwargs,
        response_metadata=whole.response_metadata,
        tool_calls=whole.tool_calls,
        invalid_tool_calls=whole.invalid_tool_calls,
        usage_metadata=whole.usage_metadata,
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
