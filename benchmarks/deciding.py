"""What a decision costs: `decide()` over the built-in catalogue, no model called."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from benchmarks.timing import table, timed
from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated

DECISIONS = 100
"""Decisions in one round."""

PROMPT = (
    "We run a small workshop for electric bicycles and our page on maintenance is hardly ever found. Could you look at "
    "what the three largest shops in town write about batteries, chains and brakes, and tell me which of it we leave "
    "out and what we should write first?"
)
"""About fifty words, as the classifier's own target has it."""


def deciding(router: RouterChatModel, **options: Any) -> Callable[[], Awaitable[float]]:
    """Return a round of decisions; it gives the seconds of one."""

    async def one_round() -> float:
        start = perf_counter()
        for _ in range(DECISIONS):
            router.decide(PROMPT, **options)
        return (perf_counter() - start) / DECISIONS

    return one_round


async def measure(rounds: int = 30) -> str:
    """Return the table."""
    config = RouterConfig.builtin()
    router = RouterChatModel(simulated(config, Simulator(config.registry)))
    works = {
        "explicit task": deciding(router, task="gap_analysis"),
        "forced model": deciding(router, model="nebius-llama-405b"),
        "local classifier, 50 words": deciding(router),
    }
    return table("decide(), no model called", await timed(works, rounds=rounds))
