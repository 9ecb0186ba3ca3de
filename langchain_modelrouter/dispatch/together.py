"""Carry out several calls at once.

On an event loop the losers of a race are cancelled and their connections closed. Blocking calls run in threads, and
a thread cannot be cancelled: its attempt is booked as cancelled when the race is won, and what it still brings is
dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage

from langchain_modelrouter.dispatch.plan import All, Answers, Call, Failed, Race, Skipped

Result = AIMessage | Failed | Skipped

LETTING_GO_S = 1.0
"""How long a won race waits for its losers to close their connections."""


@dataclass(slots=True)
class Heat:
    """Who has still to start and what has become of the others: the same for threads and for tasks."""

    step: Race
    may_hedge: Callable[[], bool]
    """Draws on the retry budget for a second call."""
    results: dict[int, Result] = field(default_factory=dict)
    started: int = 0

    def next_calls(self, *, is_anyone_running: bool, is_time: bool) -> Iterator[tuple[int, Call]]:
        """Yield the calls that start now, with their numbers."""
        while self.started < len(self.step.calls) and (not is_anyone_running or is_time or not self.step.stagger_s):
            number, call = self.started, self.step.calls[self.started]
            self.started += 1
            if number and self.step.is_hedge and not self.may_hedge():
                self.results[number] = Skipped("the retry budget is spent")
                continue
            yield number, call
            is_anyone_running, is_time = True, False

    @property
    def patience_s(self) -> float | None:
        """How long to wait before the next one starts; None where everyone has."""
        return self.step.stagger_s if self.started < len(self.step.calls) else None

    def answers(self) -> Answers:
        """Return what became of all, in the order of the calls."""
        return Answers(tuple(self.results[number] for number in sorted(self.results)))


async def arace(
    ask: Callable[[Call], Awaitable[Result]], step: Race, may_hedge: Callable[[], bool]
) -> AIMessage | Answers:
    """Return the first answer, the others cancelled; or what became of all where nobody answered."""
    heat = Heat(step, may_hedge)
    running: dict[asyncio.Future[Result], int] = {}
    is_time = False
    try:
        while True:
            for number, call in heat.next_calls(is_anyone_running=bool(running), is_time=is_time):
                running[asyncio.ensure_future(ask(call))] = number
            if not running:
                return heat.answers()
            done, _ = await asyncio.wait(running, timeout=heat.patience_s, return_when=asyncio.FIRST_COMPLETED)
            is_time = not done
            for task in done:
                heat.results[running.pop(task)] = result = task.result()
                if isinstance(result, AIMessage):
                    return result
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=LETTING_GO_S)


def race(
    ask: Callable[[Call], Result], step: Race, may_hedge: Callable[[], bool], let_go: Callable[[], None]
) -> AIMessage | Answers:
    """Return the first answer, or what became of all where nobody answered.

    Args:
        let_go: books the attempts that are still under way as cancelled.
    """
    heat = Heat(step, may_hedge)
    running: dict[Future[Result], int] = {}
    is_time = False
    with _threads(len(step.calls)) as pool:
        while True:
            for number, call in heat.next_calls(is_anyone_running=bool(running), is_time=is_time):
                running[pool.submit(copy_context().run, ask, call)] = number
            if not running:
                return heat.answers()
            done, _ = wait(running, timeout=heat.patience_s, return_when=FIRST_COMPLETED)
            is_time = not done
            for future in done:
                heat.results[running.pop(future)] = result = future.result()
                if isinstance(result, AIMessage):
                    let_go()
                    return result


async def aall(ask: Callable[[Call], Awaitable[Result]], step: All) -> Answers:
    """Return what became of each call; where one ends in a bug, the others are cancelled."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(ask(call))) for call in step.calls]
    return Answers(tuple(task.result() for task in tasks))


def all_of(ask: Callable[[Call], Result], step: All) -> Answers:
    """Return what became of each call."""
    with _threads(len(step.calls)) as pool:
        futures = [pool.submit(copy_context().run, ask, call) for call in step.calls]
        return Answers(tuple(future.result() for future in futures))


async def _awaited(result: Awaitable[Result]) -> Result:
    return await result


@contextmanager
def _threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads; whoever leaves does not wait for those that are still busy."""
    pool = ThreadPoolExecutor(max_workers=number, thread_name_prefix="modelrouter")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
