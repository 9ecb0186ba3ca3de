"""Carry out a plan: `run` and `arun` for an answer, `stream` and `astream` for its chunks as they come.

All four send the same plan the same outcomes; they differ in how a step is carried out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing
from typing import cast

from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_modelrouter.dispatch.closing import closing_early
from langchain_modelrouter.dispatch.messages import as_chunk
from langchain_modelrouter.dispatch.plan import Call, Outcome, Plan, Step


def run(plan: Plan, perform: Callable[[Step], Outcome]) -> AIMessage:
    """Carry out the plan, blocking, and return its answer."""
    outcome: Outcome = None
    try:
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                return cast(AIMessage, done.value)
            outcome = perform(step)
    finally:
        plan.close()


async def arun(plan: Plan, perform: Callable[[Step], Awaitable[Outcome]]) -> AIMessage:
    """Carry out the plan and return its answer."""
    outcome: Outcome = None
    try:
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                return cast(AIMessage, done.value)
            outcome = await perform(step)
    finally:
        plan.close()


Opened = Iterator[AIMessageChunk]
AOpened = AsyncIterator[AIMessageChunk]


def stream(
    plan: Plan,
    perform: Callable[[Step], Outcome],
    open_stream: Callable[[Call], Opened | Outcome],
    sign: Callable[[AIMessage], AIMessage],
) -> Generator[AIMessageChunk, None, None]:
    """Carry out the plan, blocking, and yield the answer's chunks as they come.

    `open_stream` returns chunks once the first content is there: the commit point. A failure before it goes to
    the plan, one after it to the caller. An answer that was not streamed, such as a vote, is signed by `sign`.
    """
    outcome: Outcome = None
    with closing(plan):
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                yield as_chunk(sign(done.value))
                return
            if isinstance(step, Call):
                opened = open_stream(step)
                if isinstance(opened, Iterator):
                    yield from opened
                    return
                outcome = opened
            else:
                outcome = perform(step)


async def astream(
    plan: Plan,
    perform: Callable[[Step], Awaitable[Outcome]],
    open_stream: Callable[[Call], Awaitable[AOpened | Outcome]],
    sign: Callable[[AIMessage], AIMessage],
) -> AsyncIterator[AIMessageChunk]:
    """Carry out the plan and yield the answer's chunks as they come; see `stream`."""
    outcome: Outcome = None
    with closing(plan):
        while True:
            try:
                step = plan.send(outcome)
            except StopIteration as done:
                yield as_chunk(sign(done.value))
                return
            if isinstance(step, Call):
                opened = await open_stream(step)
                if isinstance(opened, AsyncIterator):
                    async with closing_early(opened) as chunks:
                        async for chunk in chunks:
                            yield chunk
                    return
                outcome = opened
            else:
                outcome = await perform(step)
