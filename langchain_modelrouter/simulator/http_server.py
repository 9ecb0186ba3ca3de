"""A small HTTP/1.1 server on asyncio and h11 that makes the moves it is told, wrong ones included."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import h11

from langchain_modelrouter.simulator.wire import (
    Close,
    Hang,
    Head,
    Move,
    Moves,
    Repeat,
    Send,
    Wait,
    error_body,
    json_moves,
)

Outcome = Literal["ok", "error", "aborted"]

_LARGEST_BODY = 64 * 2**20
_SHORTEST_SLEEP_S = 0.0005
_UNTIL_READ_S = 0.02
"""A reset may overtake what was sent before it: so long the client has to read that."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a client sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The moves that answer a request, and whom to tell how it ended."""

    moves: Moves
    ended: Callable[[Outcome], None] = lambda outcome: None


class Connection(asyncio.Protocol):
    """One client's connection; requests are answered one after the other."""

    def __init__(self, answer: Callable[[HttpRequest], Reply], all_open: "set[Connection]") -> None:
        self._answer, self._all_open = answer, all_open
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=2**17)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection as open."""
        self._transport = cast(asyncio.Transport, transport)
        self._all_open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the answer at once: nobody will read it."""
        self._all_open.discard(self)
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The answer under way, if there is one."""
        return self._task

    def data_received(self, data: bytes) -> None:
        """Take in bytes; while an answer is under way they wait."""
        self._h11.receive_data(data)
        if self._task is None:
            self._advance()

    def _advance(self) -> None:
        try:
            while True:
                event = self._h11.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    if self._h11.they_are_waiting_for_100_continue:
                        self._write(h11.InformationalResponse(status_code=100, headers=[]))
                    return
                if isinstance(event, h11.Request):
                    self._request, self._body = event, bytearray()
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > _LARGEST_BODY:
                        raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
                elif isinstance(event, h11.EndOfMessage):
                    self._task = asyncio.get_running_loop().create_task(self._respond())
                    return
                else:
                    self._transport.close()
                    return
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = error_body(str(error), kind="invalid_request_error")
            for move in json_moves(body, error.error_status_hint, (("connection", "close"),)):
                self._write(_event_of(move))
        self._transport.close()

    async def _respond(self) -> None:
        assert self._request is not None
        reply, is_whole = Reply(()), False
        try:
            reply = self._answer(_http_request(self._request, bytes(self._body)))
            is_whole = await self._make(reply.moves, reply.ended)
        except asyncio.CancelledError:
            reply.ended("aborted")
            raise
        finally:
            if not is_whole:
                self._transport.close()
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._task = None
            self._advance()
        else:
            self._transport.close()

    async def _make(self, moves: Moves, ended: Callable[[Outcome], None]) -> bool:
        """Make the moves and return whether the answer went out whole.

        How it ended is told before the last bytes leave, so that no client knows it earlier.
        """
        loop = asyncio.get_running_loop()
        due, pending, status = loop.time(), b"", 200
        for move in moves:
            if isinstance(move, Head | Send):
                status = move.status if isinstance(move, Head) else status
                pending += self._h11.send(_event_of(move)) or b""
                continue
            if isinstance(move, Wait):
                due = max(due, loop.time() - _SHORTEST_SLEEP_S) + move.seconds
                if due - loop.time() <= _SHORTEST_SLEEP_S:
                    continue
            if pending:
                self._transport.write(pending)
                pending = b""
            if isinstance(move, Close):
                await self._drop(move, ended)
                return False
            await self._linger(move, due)
        ended("ok" if status < 400 else "error")
        self._transport.write(pending + (self._h11.send(h11.EndOfMessage()) or b""))
        return True

    async def _linger(self, move: Wait | Repeat | Hang, due: float) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(move, Wait):
            await asyncio.sleep(due - loop.time())
        elif isinstance(move, Hang):
            await loop.create_future()
        else:
            while True:
                self._write(h11.Data(data=move.data))
                await asyncio.sleep(move.every_s)

    async def _drop(self, move: Close, ended: Callable[[Outcome], None]) -> None:
        await asyncio.sleep(_UNTIL_READ_S)
        ended("error")
        if move.reset:
            # A linger time of zero makes the kernel send RST instead of FIN (socket(7), SO_LINGER).
            connected: socket.socket = self._transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()

    def _write(self, event: h11.Event) -> None:
        self._transport.write(self._h11.send(event) or b"")


def _event_of(move: Move) -> h11.Event:
    if isinstance(move, Head):
        return h11.Response(status_code=move.status, headers=[*move.headers], reason=b"")
    assert isinstance(move, Send)
    return h11.Data(data=move.data)


def _http_request(request: h11.Request, body: bytes) -> HttpRequest:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers)
    return HttpRequest(request.method.decode(), request.target.decode("latin-1"), headers, body)
