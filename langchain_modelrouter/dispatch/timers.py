"""Timers: the wait for a stream's first token, the silence between two, the deadline that nested calls inherit."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import TypeVar

from langchain_modelrouter.dispatch.transport import alarm
from langchain_modelrouter.errors import FirstTokenTimeoutError

T = TypeVar("T")

FOREVER = float("inf")

outer_deadline_at: ContextVar[float] = ContextVar("deadline of the routed call around this one", default=FOREVER)
"""Set while a model is asked, on the monotonic clock: a routed call that starts meanwhile must not outlive it."""


def next_before(chunks: Iterator[T], at: float) -> T:
    """Return the next chunk of a blocking stream; its reads end at `at` where we own the connection.

    Raises:
        StopIteration: the stream is over.
    """
    before = alarm.at
    alarm.at = at
    try:
        return next(chunks)
    finally:
        alarm.at = before


class StreamTimer:
    """Interrupts the task that waits for a stream's next chunk too long.

    One timer serves a whole stream: a chunk only notes when the next is due, and the timer, when it fires early,
    arms itself again. It never fires while the consumer, not the provider, is busy.
    """

    __slots__ = ("_due", "_fired", "_handle", "_loop", "_task")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._due, self._fired = FOREVER, False

    async def next(self, chunks: AsyncIterator[T], left_s: float, phase: str) -> T:
        """Return the next chunk.

        Raises:
            StopAsyncIteration: the stream is over.
            FirstTokenTimeoutError: none came within `left_s` seconds.
        """
        self._due, self._task = self._loop.time() + left_s, asyncio.current_task()
        if self._due < FOREVER and (self._handle is None or self._handle.when() > self._due):
            self.close()
            self._handle = self._loop.call_at(self._due, self._check)
        try:
            return await anext(chunks)
        except asyncio.CancelledError:
            if self._fired and self._task is not None and self._task.uncancel() == 0:
                raise FirstTokenTimeoutError(round(left_s, 3), phase) from None
            raise
        finally:
            self._task, self._fired = None, False

    def close(self) -> None:
        """Disarm the timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _check(self) -> None:
        self._handle = None
        if self._task is None:
            return
        if self._loop.time() < self._due:
            self._handle = self._loop.call_at(self._due, self._check)
            return
        self._fired = True
        self._task.cancel()
