"""What a call through the router costs over HTTP on loopback, beside plain ChatOpenAI on the same server.

The server is the simulator without any latency, in a process of its own.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from benchmarks.timing import table, timed
from langchain_modelrouter import RouterChatModel, RouterConfig

CALLS = 50
"""Calls in one sequential round."""

IN_FLIGHT, PER_SLOT = 100, 1
"""Calls at the same time, and how often each slot calls in one round."""

MODEL = "sambanova-llama-8b"
PROMPT = "How many legs does a spider have?"

_SERVE = """
import math, sys
from langchain_modelrouter import RouterConfig
from langchain_modelrouter.simulator import Simulator
with Simulator(RouterConfig.builtin().registry, speed=math.inf) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


@contextmanager
def serving() -> Iterator[str]:
    """Serve in another process while the block runs; give the root of the server."""
    with subprocess.Popen([sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def models(root: str) -> dict[str, tuple[Runnable[Any, Any], dict[str, Any]]]:
    """Return ChatOpenAI, its peers and the router, by name, with the keywords of a call."""
    config = RouterConfig.builtin()
    model = config.registry[MODEL]
    url = f"{root}/{model.provider}/v1"
    routed = RouterConfig.model_validate(
        {"preset": "all", "presets": {"all": {"default": MODEL}}, "providers": {model.provider: {"base_url": url}}}
    )
    os.environ[config.providers[model.provider].api_key_env or ""] = "none"
    given: dict[str, Any] = {"base_url": url, "api_key": SecretStr("none"), "max_retries": 0, "stream_usage": True}
    configurable = init_chat_model(
        model=model.api_name, model_provider="openai", configurable_fields=("temperature",), **given
    )
    return {
        "ChatOpenAI": (ChatOpenAI(model=model.api_name, **given), {}),
        "init_chat_model, configurable": (configurable, {}),
        "RouterChatModel": (RouterChatModel(routed), {"task": "classification"}),
    }


def in_turn(model: Runnable[Any, Any], kwargs: dict[str, Any]) -> Callable[[], Awaitable[float]]:
    """Return a round of `invoke`, one after the other; it gives the seconds of one."""

    async def one_round() -> float:
        start = perf_counter()
        for _ in range(CALLS):
            model.invoke(PROMPT, **kwargs)
        return (perf_counter() - start) / CALLS

    return one_round


def at_once(model: Runnable[Any, Any], kwargs: dict[str, Any]) -> Callable[[], Awaitable[float]]:
    """Return a round of `ainvoke`, many in flight; it gives the seconds of one, all of them together."""

    async def slot() -> None:
        for _ in range(PER_SLOT):
            await model.ainvoke(PROMPT, **kwargs)

    async def one_round() -> float:
        start = perf_counter()
        await asyncio.gather(*(slot() for _ in range(IN_FLIGHT)))
        return (perf_counter() - start) / (IN_FLIGHT * PER_SLOT)

    return one_round


async def measure(rounds: int = 8) -> str:
    """Return the tables."""
    tables = []
    with serving() as root:
        for title, door in (("invoke over HTTP, one by one", in_turn), (f"ainvoke, {IN_FLIGHT} in flight", at_once)):
            works = {name: door(model, kwargs) for name, (model, kwargs) in models(root).items()}
            tables.append(table(title, await timed(works, rounds=rounds), unit="ms"))
    return "\n\n".join(tables)
