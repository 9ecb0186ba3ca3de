"""A limit on how many pages are read at the same time.

LangGraph's own `max_concurrency` counts the saving of results among the tasks: finished pages would be stored only
after the last page has begun, and a run that is killed would pay for them again.
"""

import asyncio
from weakref import WeakKeyDictionary


class Gate:
    """Some places in each event loop: `async with gate.place(): ...`."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def place(self) -> asyncio.Semaphore:
        """Return what to wait for in the running loop."""
        return self._by_loop.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.places))
