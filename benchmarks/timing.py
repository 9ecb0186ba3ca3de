"""Timing by short rounds that take turns, so that whatever else the machine does meets all subjects alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from langchain_core.runnables import Runnable

PROMPT = "How many legs does a spider have?"

Model = Runnable[Any, Any]

Work = Callable[[], Awaitable[float]]
"""Does the work of one round and gives its seconds per unit: per call, per chunk."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One subject's rounds, in seconds per unit of work."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The median round."""
        return median(self.seconds)

    def ratio_to(self, other: "Timing") -> float:
        """Return the median of this subject's rounds, each over the other's round beside it."""
        return median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True))


async def timed(subjects: Mapping[str, Work], *, rounds: int) -> list[Timing]:
    """Return the timings of subjects that take turns; one round of each goes before, to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds + 1):
        for name, work in subjects.items():
            lasted_s = await work()
            if number:
                seconds[name].append(lasted_s)
    return [Timing(name, tuple(of_one)) for name, of_one in seconds.items()]


async def by_invoke(model: Model, *, calls: int, **kwargs: Any) -> float:
    """Return the seconds of an `invoke`, one after the other."""
    start = perf_counter()
    for _ in range(calls):
        model.invoke(PROMPT, **kwargs)
    return (perf_counter() - start) / calls


async def by_ainvoke(model: Model, *, calls: int, **kwargs: Any) -> float:
    """Return the seconds of an `ainvoke`, one after the other."""
    start = perf_counter()
    for _ in range(calls):
        await model.ainvoke(PROMPT, **kwargs)
    return (perf_counter() - start) / calls


def table(title: str, timings: Sequence[Timing], *, unit: str = "us") -> str:
    """Return the timings as lines of text: the median of each, and its ratio to the first."""
    scale = {"us": 1e6, "ms": 1e3}[unit]
    lines = [
        f"  {timing.name:<34}{timing.median_s * scale:>9.2f} {unit}{timing.ratio_to(timings[0]):>8.2f} x"
        for timing in timings
    ]
    return "\n".join([title, *lines])
