"""Closing asynchronous streams that are left before their end."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def aclose(stream: AsyncIterator[Any]) -> None:
    """Close a stream.

    Not while the event loop ends: then it closes all its streams at once, and one that is closed twice at the same
    time is an error.
    """
    close = getattr(stream, "aclose", None)
    if close is not None and not getattr(asyncio.get_running_loop(), "_asyncgens_shutdown_called", False):
        await close()


class closing_early(Generic[T]):
    """Closes a stream where the block is left by an exception. No generator itself, so that the loop closes no more."""

    def __init__(self, stream: AsyncIterator[T]) -> None:
        self._stream = stream

    async def __aenter__(self) -> AsyncIterator[T]:
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            await aclose(self._stream)
