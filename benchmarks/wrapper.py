"""What a call through the router costs over a chat model that needs no network, beside what its peers cost.

The router is asked with an explicit task and keeps all its books: decision, health, ledger, cost, the record on
the reply.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

from benchmarks.timing import PROMPT, Model, by_ainvoke, by_invoke, table, timed
from langchain_modelrouter import RouterChatModel

CALLS = 40
"""Calls in one round."""

CHUNKS = 300
"""Characters of the answer: `FakeListChatModel` streams each as a chunk."""

STREAMS = 3
"""Streams in one round."""

ROUNDS = 60


def models(answer: str) -> dict[str, tuple[Model, dict[str, Any]]]:
    """Return the model itself, its peers and the router, by name, with the keywords of a call."""
    model, spare = FakeListChatModel(responses=[answer]), FakeListChatModel(responses=["spare"])
    return {
        "the model directly": (model, {}),
        "with_fallbacks": (model.with_fallbacks([spare]), {}),
        "RunnableLambda router": (RunnableLambda(lambda _prompt: model), {}),
        "RouterChatModel": (
            RouterChatModel.from_models({"general": [model, spare], "code": spare}),
            {"task": "general"},
        ),
    }


async def by_stream(model: Model, **kwargs: Any) -> float:
    """Return the seconds of a chunk of a `stream`, from the first chunk to the end."""
    lasted_s = 0.0
    for _ in range(STREAMS):
        chunks = model.stream(PROMPT, **kwargs)
        next(chunks)
        start = perf_counter()
        for _chunk in chunks:
            pass
        lasted_s += perf_counter() - start
    return lasted_s / STREAMS / CHUNKS


async def by_astream(model: Model, **kwargs: Any) -> float:
    """Return the seconds of a chunk of an `astream`, from the first chunk to the end."""
    lasted_s = 0.0
    for _ in range(STREAMS):
        chunks = model.astream(PROMPT, **kwargs)
        await anext(chunks)
        start = perf_counter()
        async for _chunk in chunks:
            pass
        lasted_s += perf_counter() - start
    return lasted_s / STREAMS / CHUNKS


async def by_first_chunk(model: Model, **kwargs: Any) -> float:
    """Return the seconds to the first chunk of an `astream`."""
    lasted_s = 0.0
    for _ in range(STREAMS):
        start = perf_counter()
        chunks = model.astream(PROMPT, **kwargs)
        await anext(chunks)
        lasted_s += perf_counter() - start
        await chunks.aclose()
    return lasted_s / STREAMS


MEASURES: dict[str, tuple[Callable[..., Awaitable[float]], str]] = {
    "invoke": (partial(by_invoke, calls=CALLS), "four"),
    "ainvoke": (partial(by_ainvoke, calls=CALLS), "four"),
    "stream, per chunk": (by_stream, "x" * CHUNKS),
    "astream, per chunk": (by_astream, "x" * CHUNKS),
    "astream, to the first chunk": (by_first_chunk, "x" * 10),
}


async def measure(rounds: int = ROUNDS) -> str:
    """Return the tables."""
    tables = []
    for title, (one_round, answer) in MEASURES.items():
        works = {name: partial(one_round, model, **kwargs) for name, (model, kwargs) in models(answer).items()}
        tables.append(table(title, await timed(works, rounds=rounds)))
    return "\n\n".join(tables)


if __name__ == "__main__":
    print(asyncio.run(measure()))
