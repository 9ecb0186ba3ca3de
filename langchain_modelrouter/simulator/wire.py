"""What goes over the wire for one answer, as a value: moves that the server makes one after the other."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from langchain_modelrouter.simulator.answers import Answer
from langchain_modelrouter.simulator.chat_request import ChatRequest

FINGERPRINT = "simulated"
"""`system_fingerprint` of all answers: ChatOpenAI brings it into `response_metadata`."""

Part = Literal["role", "content", "finish", "usage", "done", "body"]


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body; `part` says what they are in an answer."""

    data: bytes
    part: Part = "body"


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same bytes again and again, until the client goes."""

    data: bytes
    every_s: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more, until the client goes."""


@dataclass(frozen=True, slots=True)
class Close:
    """The connection is closed in the middle of the body: by a reset, or just closed."""

    reset: bool = True


Move = Head | Send | Wait | Repeat | Hang | Close
Moves = tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer takes, in seconds of this machine."""

    ttft_s: float = 0.0
    s_per_token: float = 0.0

    def times(self, factor: float) -> "Latency":
        """Return the latency of a model that many times slower."""
        return Latency(self.ttft_s * factor, self.s_per_token * factor)


@dataclass(frozen=True, slots=True)
class Completion:
    """One chat completion, ready to be put into JSON."""

    request: ChatRequest
    choices: tuple[Answer, ...]
    latency: Latency
    id: str
    created: int
    has_usage: bool = True

    @property
    def usage(self) -> dict[str, Any]:
        """Token counts as OpenAI gives them."""
        tokens_in = self.request.input_tokens
        tokens_out = sum(choice.output_tokens for choice in self.choices)
        return {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }

    def moves(self) -> Moves:
        """Return the moves of the answer, streamed or whole as the request wants it."""
        return tuple(_streamed(self)) if self.request.stream else _whole(self)


def json_moves(body: Mapping[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Moves:
    """Return the moves of an answer with a JSON body."""
    return body_moves(json.dumps(body, ensure_ascii=False).encode(), "application/json", status, headers)


def body_moves(data: bytes, content_type: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Moves:
    """Return the moves of an answer with that body."""
    own = (("content-type", content_type), ("content-length", str(len(data))))
    return (Head(status, (*own, *headers)), Send(data))


def event(payload: Mapping[str, Any] | bytes, part: Part = "content") -> Send:
    """Return a server-sent event with that payload."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    return Send(b"data: " + data + b"\n\n", part)


DONE = event(b"[DONE]", "done")
STREAM_HEAD = Head(200, (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")))


def error_body(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """Return an error in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}, "simulated": True}


def _common(completion: Completion, kind: str) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": kind,
        "created": completion.created,
        "model": completion.request.model,
        "system_fingerprint": FINGERPRINT,
        "simulated": True,
    }


def _whole(completion: Completion) -> Moves:
    usage = completion.usage
    choices = [
        {
            "index": index,
            "message": _message(answer),
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        for index, answer in enumerate(completion.choices)
    ]
    body = {**_common(completion, "chat.completion"), "choices": choices}
    if completion.has_usage:
        body["usage"] = usage
    seconds = completion.latency.ttft_s + completion.latency.s_per_token * usage["completion_tokens"]
    return (Wait(seconds), *json_moves(body))


def _message(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.content, "refusal": answer.refusal}
    if answer.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
    return message


def _streamed(completion: Completion) -> Iterator[Move]:
    common = _common(completion, "chat.completion.chunk")
    if completion.request.include_usage:
        common["usage"] = None

    def chunk(index: int, delta: Mapping[str, Any], part: Part, finish_reason: str | None = None) -> Send:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**common, "choices": [choice]}, part)

    yield STREAM_HEAD
    yield Wait(completion.latency.ttft_s)
    for index in range(len(completion.choices)):
        yield chunk(index, {"role": "assistant", "content": "", "refusal": None}, "role")
    for index, answer in enumerate(completion.choices):
        deltas = list(_deltas(answer))
        pause = Wait(completion.latency.s_per_token * answer.output_tokens / max(1, len(deltas)))
        for delta in deltas:
            yield pause
            yield chunk(index, delta, "content")
        yield chunk(index, {}, "finish", answer.finish_reason)
    if completion.request.include_usage and completion.has_usage:
        yield event({**common, "choices": [], "usage": completion.usage}, "usage")
    yield DONE


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    for word in re.findall(r"\s*\S{1,24}|\s+$", answer.content or ""):
        yield {"content": word}
    for word in re.findall(r"\s*\S+|\s+$", answer.refusal or ""):
        yield {"refusal": word}
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
        for piece in re.findall(r"(?s).{1,16}", call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
