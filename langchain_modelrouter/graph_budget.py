"""Dollars in a graph: what it has spent and what it may spend, carried in its state.

The state is what a checkpoint keeps, so the sums survive a resume, and time travel goes back to those of its moment.

    class State(SpendingState):
        question: str

    budget = GraphBudget(0.01, preset="dev_fast", per="thread")

    def answer(state: State) -> dict:
        held = budget.check(state)
        reply = held.over(router).invoke(state["question"])
        return {**held.update, "cost_usd": usd_of([reply])}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import add
from typing import Annotated, Any, Literal, TypeVar

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langgraph.types import interrupt
from typing_extensions import TypedDict

from langchain_modelrouter.errors import AllModelsFailedError, InvalidOptionError

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


def add_usd(total: float | None, more: float | None) -> float | None:
    """Return the sum, in USD to the millionth of a millionth; None, unknown, where one of them is."""
    return None if total is None or more is None else round(total + more, 12)


class SpendingState(TypedDict, total=False):
    """What the state of a graph with a budget has beside its own keys; all of it plain data."""

    cost_usd: Annotated[float | None, add_usd]
    """All routed calls since the state began, with a checkpointer those of the thread. None: a price is unknown."""
    run_base_usd: float | None
    """`cost_usd` when the run began."""
    granted_usd: Annotated[float, add]
    """What people have allowed beyond the budget."""
    budget: dict[str, Any]
    """The last check: `limit_usd`, `spent_usd` and the `preset` that was downgraded to, or None."""


def over(runnable: Runnable[InputT, OutputT], configurable: dict[str, Any]) -> Runnable[InputT, OutputT]:
    """Return the runnable with `configurable` over that of its caller."""
    return RunnableBinding(bound=runnable, config_factories=[lambda _: RunnableConfig(configurable=configurable)])


@dataclass(frozen=True, slots=True)
class Held:
    """What a check of a budget comes to."""

    update: dict[str, Any]
    """For the graph's state."""
    configurable: dict[str, Any]
    """For the `configurable` of every call below: empty, or the preset to use instead of any preset and model."""

    def over(self, runnable: Runnable[InputT, OutputT]) -> Runnable[InputT, OutputT]:
        """Return the runnable with that in force for all routed calls below it, whatever its caller's config says."""
        return over(runnable, self.configurable) if self.configurable else runnable


@dataclass(frozen=True, slots=True)
class GraphBudget:
    """A ceiling in USD on what a graph spends; beyond it the calls go to a cheaper preset instead of failing.

    A subgraph with a budget of its own has a state of its own, and so its own sum. A check looks at what is
    spent: several calls made after one check can go past the ceiling together, one call by its own cost.
    """

    usd: float
    preset: str
    """What to use when the money is spent."""
    per: Literal["run", "thread"] = "thread"
    when_exceeded: Literal["downgrade", "interrupt"] = "downgrade"
    """`interrupt` asks for more: resumed with a number above 0 it goes on, with anything else it downgrades."""
    config_prefix: str | None = None
    """That of the router, where it has one."""

    def __post_init__(self) -> None:
        if not self.usd >= 0:
            raise InvalidOptionError("usd", f"it is {self.usd}; give US dollars, 0 or more")

    def begin(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state's update for the start of a run, from the graph's first node."""
        return {"run_base_usd": state.get("cost_usd", 0.0)}

    def spent_usd(self, state: Mapping[str, Any]) -> float | None:
        """Return what counts against the budget, in USD; None where a price is unknown."""
        total: float | None = state.get("cost_usd", 0.0)
        base: float | None = state.get("run_base_usd", 0.0)
        if self.per == "thread":
            return total
        return None if total is None or base is None else round(total - base, 12)

    def check(self, state: Mapping[str, Any], *, expected_usd: float | None = 0.0) -> Held:
        """Return what holds for the next call. Call it before anything in a node that must not happen twice.

        Args:
            expected_usd: what the next call is expected to cost. An unknown price, here or in what is spent,
                counts as too much.
        """
        limit_usd = self.usd + state.get("granted_usd", 0.0)
        spent_usd = self.spent_usd(state)
        shown = {"limit_usd": limit_usd, "spent_usd": spent_usd, "preset": None}
        if self._is_left(add_usd(spent_usd, expected_usd), limit_usd):
            return Held({"budget": shown}, {})
        if self.when_exceeded == "interrupt" and spent_usd is not None:
            question = f"The budget is used up. How many dollars more? With 0 it goes on with preset {self.preset}."
            more = interrupt({"question": question, **shown})
            if isinstance(more, int | float) and not isinstance(more, bool) and more > 0:
                return Held({"granted_usd": float(more), "budget": {**shown, "limit_usd": limit_usd + more}}, {})
        return Held({"budget": {**shown, "preset": self.preset}}, self.instead())

    def instead(self) -> dict[str, Any]:
        """Return the `configurable` under which calls go to the budget's preset, and to no forced model."""
        prefix = "" if self.config_prefix is None else f"{self.config_prefix}_"
        return {f"{prefix}preset": self.preset, f"{prefix}model": None}

    @staticmethod
    def _is_left(needed_usd: float | None, limit_usd: float) -> bool:
        return needed_usd is not None and needed_usd < limit_usd


def usd_of(messages: Iterable[BaseMessage]) -> float | None:
    """Return what the routed calls behind these messages cost together, in USD; None where a price is unknown."""
    total: float | None = 0.0
    for message in messages:
        if record := message.response_metadata.get("model_router"):
            total = add_usd(total, record["cost_usd"])
    return total


def usd_of_failure(error: BaseException) -> float | None:
    """Return what the attempts behind an error cost together, in USD; None where a price is unknown."""
    total: float | None = 0.0
    for attempt in error.attempts if isinstance(error, AllModelsFailedError) else ():
        total = add_usd(total, attempt["cost_usd"])
    return total
