"""Strategies: pure functions that rank candidates. One file each, one line each in `STRATEGIES`."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol

from langchain_modelrouter.errors import UnknownStrategyError
from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import RoutingConfig
from langchain_modelrouter.routing.strategies.balanced import Balanced
from langchain_modelrouter.routing.strategies.cheapest import cheapest
from langchain_modelrouter.routing.strategies.fastest import Fastest
from langchain_modelrouter.routing.strategies.least_busy import least_busy
from langchain_modelrouter.routing.strategies.preset import preset
from langchain_modelrouter.routing.strategies.weighted import Weighted

ENTRY_POINTS = "langchain_modelrouter.strategies"
"""Group under which other packages offer a `Callable[[RoutingConfig], Strategy]`."""


class Strategy(Protocol):
    """Rank the candidates for one request. No I/O, no clock, no hidden randomness."""

    def __call__(self, request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
        """Return the candidates' models, best first; `candidates` is never empty."""
        ...


STRATEGIES: Mapping[str, Callable[[RoutingConfig], Strategy]] = {
    "preset": lambda _routing: preset,
    "cheapest": lambda _routing: cheapest,
    "fastest": lambda routing: Fastest(routing.fastest_buffer),
    "least_busy": lambda _routing: least_busy,
    "balanced": lambda routing: Balanced(routing.balanced),
    "weighted": lambda routing: Weighted(routing.weights),
}


@cache
def _installed() -> Mapping[str, Callable[[RoutingConfig], Strategy]]:
    return {point.name: point.load() for point in entry_points(group=ENTRY_POINTS)}


def strategy_names() -> tuple[str, ...]:
    """Return the names of all strategies, built in and installed."""
    return (*STRATEGIES, *(name for name in _installed() if name not in STRATEGIES))


def strategy_named(name: str, routing: RoutingConfig) -> Strategy:
    """Return the strategy of that name with the settings of `routing`.

    Raises:
        UnknownStrategyError: nothing built in or installed has that name.
    """
    make = STRATEGIES.get(name) or _installed().get(name)
    if make is None:
        raise UnknownStrategyError(name, strategy_names())
    return make(routing)
