"""What calls over HTTP to a provider on loopback take, beside plain ChatOpenAI: one by one, and 100 in flight."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from benchmarks.loopback import provider
from benchmarks.timing import PROMPT, Model, by_ainvoke, by_invoke, table, timed
from langchain_modelrouter import RouterChatModel, RouterConfig

CALLS = 20
"""Calls of a round, one by one."""

IN_FLIGHT = 100
CALLS_IN_FLIGHT = 300
"""Calls of a round with 100 in flight."""

ROUNDS = 30
ROUNDS_IN_FLIGHT = 10


def models(base_url: str) -> dict[str, tuple[Model, dict[str, Any]]]:
    """Return plain ChatOpenAI, its peers and the router, by name, with the keywords of a call."""
    options: dict[str, Any] = {"base_url": base_url, "api_key": SecretStr("none")}
    plain = ChatOpenAI(model="m", **options)
    config = RouterConfig.model_validate(
        {
            "extends": "none",
            "providers": {"loopback": {"base_url": base_url}},
            "models": {
                name: {"provider": "loopback", "api_name": name, "input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
                for name in ("m", "n")
            },
            "tasks": {"general": {}, "code": {}},
            "presets": {"mine": {"default": ["m", "n"], "code": "n"}},
            "preset": "mine",
        }
    )
    return {
        "ChatOpenAI": (plain, {}),
        "with_fallbacks": (plain.with_fallbacks([ChatOpenAI(model="n", **options)]), {}),
        "init_chat_model, configurable": (
            init_chat_model("m", model_provider="openai", configurable_fields=("model",), **options),
            {},
        ),
        "RouterChatModel": (RouterChatModel(config), {"task": "general"}),
    }


async def in_flight(model: Model, **kwargs: Any) -> float:
    """Return the seconds per call where 100 are under way at any time."""
    left = iter(range(CALLS_IN_FLIGHT))

    async def caller() -> None:
        for _ in left:
            await model.ainvoke(PROMPT, **kwargs)

    start = perf_counter()
    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return (perf_counter() - start) / CALLS_IN_FLIGHT


MEASURES: dict[str, tuple[Callable[..., Awaitable[float]], int]] = {
    "invoke over HTTP, one by one": (partial(by_invoke, calls=CALLS), ROUNDS),
    "ainvoke over HTTP, one by one": (partial(by_ainvoke, calls=CALLS), ROUNDS),
    f"ainvoke over HTTP, {IN_FLIGHT} in flight": (in_flight, ROUNDS_IN_FLIGHT),
}


async def measure() -> str:
    """Return the tables."""
    tables = []
    with provider() as base_url:
        subjects = models(base_url)
        for title, (one_round, rounds) in MEASURES.items():
            works = {name: partial(one_round, model, **kwargs) for name, (model, kwargs) in subjects.items()}
            tables.append(table(title, await timed(works, rounds=rounds), unit="ms"))
    return "\n\n".join(tables)


if __name__ == "__main__":
    print(asyncio.run(measure()))
