"""A fault as a value, and what it does to the moves of an answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.simulator.answers import Answer
from langchain_modelrouter.simulator.wire import (
    DONE,
    STREAM_HEAD,
    Close,
    Completion,
    Hang,
    Head,
    Moves,
    Repeat,
    Send,
    Wait,
    body_moves,
    error_body,
    event,
    json_moves,
)

FaultKind = Literal[
    "status",
    "body",
    "hang",
    "keepalive",
    "reset",
    "cut",
    "end",
    "no_done",
    "garbage",
    "error_event",
    "null_content",
    "invalid_arguments",
    "no_usage",
    "content_filter",
    "refusal",
    "length",
    "slow",
]
"""`status`: that status, with the body given or the usual one. `body`: that body with status 200.
`hang`, `reset`, `cut` (closed without a reset), `end` (ended as if whole), `garbage` (the body given as an event)
and `error_event` come after `after_chunks` deltas; a `hang` without these and without a status sends nothing at
all. `slow`: `factor` times slower. The others alter the answer."""

FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

_KEEPALIVE_S = 0.1
_ERRORS: Mapping[int, tuple[str, str | None, str]] = MappingProxyType(
    {
        400: ("invalid_request_error", None, "Simulated: the request is not valid."),
        401: ("invalid_request_error", "invalid_api_key", "Simulated: incorrect API key provided."),
        403: ("permission_error", "permission_denied", "Simulated: the key may not use this model."),
        404: ("invalid_request_error", "model_not_found", "Simulated: the model does not exist."),
        408: ("timeout_error", None, "Simulated: the request timed out."),
        413: ("invalid_request_error", "request_too_large", "Simulated: the request is too large."),
        422: ("invalid_request_error", "unsupported_parameter", "Simulated: a parameter is not supported."),
        429: ("rate_limit_error", "rate_limit_exceeded", "Simulated: rate limit reached for requests."),
        529: ("overloaded_error", "overloaded", "Simulated: the provider is overloaded."),
    }
)
_SERVER_ERROR = ("server_error", None, "Simulated: the server had an error.")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a chat completion goes wrong, and for which of the requests that it is set for."""

    kind: FaultKind = "status"
    status: int | None = None
    """For `status` 500 by default; for `error_event` the status of the answer where nothing is streamed."""
    retry_after: float | str | None = None
    """Sent as `Retry-After`, whatever it is."""
    after_chunks: int | None = None
    """Deltas with content that are sent before it; 0: only the role delta; None: not even that."""
    delay_s: float | None = None
    """Seconds before the answer begins, whatever the simulator's speed; of `keepalive`, between two comments."""
    body: bytes | str | Mapping[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    factor: float = 10.0
    """How many times slower `slow` is."""
    times: int | None = None
    """Requests that it hits, then it is over; None: all."""
    after: int = 0
    """Requests that pass before it."""
    probability: float | None = None
    """Share of the requests that it hits, drawn with the simulator's seed; None: each."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense, here rather than in the server's thread."""
        if self.kind not in FAULT_KINDS:
            raise InvalidOptionError("fault", f"no kind {self.kind!r}. Known: {', '.join(FAULT_KINDS)}")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise InvalidOptionError("probability", f"{self.probability} is not between 0 and 1")

    def moves(self, completion: Completion) -> Moves:
        """Return what goes over the wire instead of `completion`."""
        moves = _EFFECTS[self.kind](self, completion)
        return (Wait(self.delay_s), *moves) if self.delay_s and self.kind != "keepalive" else moves

    @property
    def data(self) -> bytes:
        """The body as bytes."""
        if isinstance(self.body, Mapping):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


def _status(fault: Fault, completion: Completion) -> Moves:
    status = fault.status or 500
    after = () if fault.retry_after is None else (("retry-after", _seconds(fault.retry_after)),)
    headers = (*after, *fault.headers)
    if fault.body is not None:
        return body_moves(fault.data, _content_type(fault.data), status, headers)
    kind, code, message = _ERRORS.get(status, _SERVER_ERROR)
    return json_moves(error_body(message, kind=kind, code=code), status, headers)


def _body(fault: Fault, completion: Completion) -> Moves:
    return body_moves(fault.data, _content_type(fault.data), fault.status or 200, fault.headers)


def _hang(fault: Fault, completion: Completion) -> Moves:
    if fault.after_chunks is None and fault.status is None:
        return (Hang(),)
    return (*_beginning(completion, fault.after_chunks), Hang())


def _keepalive(fault: Fault, completion: Completion) -> Moves:
    every_s = fault.delay_s or _KEEPALIVE_S
    if completion.request.stream:
        return (STREAM_HEAD, Repeat(b": keepalive\n\n", every_s))
    # White space before a JSON body is what providers send to keep a connection open.
    return (Head(200, (("content-type", "application/json"),)), Repeat(b"\n", every_s))


def _reset(fault: Fault, completion: Completion) -> Moves:
    beginning = () if fault.after_chunks is None else _beginning(completion, fault.after_chunks)
    return (*beginning, Close(reset=True))


def _cut(fault: Fault, completion: Completion) -> Moves:
    return (*_beginning(completion, fault.after_chunks), Close(reset=False))


def _end(fault: Fault, completion: Completion) -> Moves:
    if completion.request.stream:
        return _beginning(completion, fault.after_chunks)
    return _altered(completion, lambda answer: replace(answer, finish_reason=None))


def _no_done(fault: Fault, completion: Completion) -> Moves:
    return tuple(move for move in completion.moves() if move is not DONE)


def _garbage(fault: Fault, completion: Completion) -> Moves:
    if not completion.request.stream:
        return body_moves(fault.data, "application/json")
    return (*_beginning(completion, fault.after_chunks), event(fault.data), DONE)


def _error_event(fault: Fault, completion: Completion) -> Moves:
    kind, code, message = _ERRORS.get(fault.status or 500, _SERVER_ERROR)
    body = fault.body if isinstance(fault.body, Mapping) else error_body(message, kind=kind, code=code)
    if not completion.request.stream:
        return json_moves(body, fault.status or 500)
    return (*_beginning(completion, fault.after_chunks), event(body))


def _slow(fault: Fault, completion: Completion) -> Moves:
    return replace(completion, latency=completion.latency.times(fault.factor)).moves()


def _null_content(fault: Fault, completion: Completion) -> Moves:
    return _altered(completion, lambda answer: Answer(finish_reason="stop"))


def _invalid_arguments(fault: Fault, completion: Completion) -> Moves:
    def broken(answer: Answer) -> Answer:
        return replace(
            answer, calls=tuple(replace(call, arguments=call.arguments[:-1] + ",,") for call in answer.calls)
        )

    return _altered(completion, broken)


def _no_usage(fault: Fault, completion: Completion) -> Moves:
    return replace(completion, has_usage=False).moves()


def _content_filter(fault: Fault, completion: Completion) -> Moves:
    return _altered(completion, lambda answer: Answer(_half(answer), finish_reason="content_filter"))


def _refusal(fault: Fault, completion: Completion) -> Moves:
    return _altered(completion, lambda answer: Answer(refusal="Simulated: I cannot help with that."))


def _length(fault: Fault, completion: Completion) -> Moves:
    return _altered(completion, lambda answer: Answer(_half(answer), finish_reason="length"))


_EFFECTS: Mapping[FaultKind, Callable[[Fault, Completion], Moves]] = MappingProxyType(
    {
        "status": _status,
        "body": _body,
        "hang": _hang,
        "keepalive": _keepalive,
        "reset": _reset,
        "cut": _cut,
        "end": _end,
        "no_done": _no_done,
        "garbage": _garbage,
        "error_event": _error_event,
        "null_content": _null_content,
        "invalid_arguments": _invalid_arguments,
        "no_usage": _no_usage,
        "content_filter": _content_filter,
        "refusal": _refusal,
        "length": _length,
        "slow": _slow,
    }
)


def _altered(completion: Completion, alter: Callable[[Answer], Answer]) -> Moves:
    return replace(completion, choices=tuple(alter(answer) for answer in completion.choices)).moves()


def _half(answer: Answer) -> str:
    text = answer.content or "Simulated text"
    return text[: max(1, len(text) // 2)]


def _beginning(completion: Completion, chunks: int | None) -> Moves:
    """Return the moves up to and including that many content deltas; of a whole answer, half of its body."""
    moves = completion.moves()
    if not completion.request.stream:
        sent = moves[-1]
        assert isinstance(sent, Send)
        return (*moves[:-1], Send(sent.data[: 0 if chunks is None else len(sent.data) // 2]))
    if chunks is None:
        return moves[:1]
    kept: list[Any] = []
    for move in moves:
        if isinstance(move, Send) and move.part != "role":
            chunks -= 1
            if chunks < 0 or move.part != "content":
                break
        kept.append(move)
    return tuple(kept)


def _seconds(retry_after: float | str) -> str:
    return retry_after if isinstance(retry_after, str) else f"{retry_after:g}"


def _content_type(data: bytes) -> str:
    return "text/html; charset=utf-8" if data.lstrip().startswith(b"<") else "application/json"
