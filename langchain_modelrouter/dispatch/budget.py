"""Budgets: reserve before a call, settle after it, so that calls at the same time cannot spend the same money.

A call starts where what is spent, what is reserved and what it is expected to cost fit the budget, and reserves its
worst case meanwhile: so however many calls run at once, they overshoot by less than one call's worst case. Sums are
those of this process and of what its ledger held when it began; processes side by side do not see each other's.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.caller import Caller
from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.dispatch.ledger import Ledger, windows_of
from langchain_modelrouter.dispatch.settings import BudgetConfig
from langchain_modelrouter.errors import BudgetExceededError

logger = logging.getLogger("langchain_modelrouter")

LONGEST_ANSWER_TOKENS = 8192
"""Where neither the call nor the catalogue says how long an answer may get: the longest of our task settings."""
WINDOWS_KEPT = 100_000
ZERO = Decimal(0)


class Spend:
    """What one budget has spent in one window. Guarded by the lock of `Budgets`."""

    __slots__ = ("granted", "is_warned", "reserved", "spent")

    def __init__(self, spent: Decimal = ZERO) -> None:
        self.spent, self.reserved, self.granted, self.is_warned = spent, ZERO, ZERO, False


@dataclass(frozen=True, slots=True)
class Line:
    """One budget that a call has to keep to, and its window."""

    budget: BudgetConfig
    window: str
    spend: Spend

    @property
    def left_usd(self) -> Decimal:
        """What is neither spent nor reserved."""
        return self.budget.usd + self.spend.granted - self.spend.spent - self.spend.reserved

    def fits(self, expected_usd: Decimal | None) -> bool:
        """Return whether a call may start that is expected to cost so much; an unknown price is too much."""
        return expected_usd is not None and 0 < self.left_usd >= expected_usd


class Budgets:
    """What all budgets of one router have spent. Thread-safe; a reload keeps it."""

    def __init__(self) -> None:
        self._spends: OrderedDict[tuple[str, str], Spend] = OrderedDict()
        self._loaded: set[tuple[str, str]] = set()
        self.lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock; what is reserved belongs to the parent's calls."""
        self.lock = Lock()
        for spend in self._spends.values():
            spend.reserved = ZERO

    def load(self, budgets: Sequence[BudgetConfig], ledger: Ledger, now: datetime) -> None:
        """Read what was spent before this process; it may read a file. Each budget is read once."""
        for budget in budgets:
            if budget.per == "call" or (budget.name, budget.per) in self._loaded:
                continue
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            since = {"day": today, "month": today.replace(day=1)}.get(budget.per)
            sums = ledger.spent(budget.per, since)
            with self.lock:
                self._loaded.add((budget.name, budget.per))
                for window, usd in sums.items():
                    self._spends.setdefault((budget.name, window), Spend(usd))

    def of_call(
        self,
        budgets: Sequence[BudgetConfig],
        now: datetime,
        caller: Caller,
        tags: Sequence[str],
        config: Mapping[str, Any],
    ) -> "CallBudget":
        """Return the budgets that one call has to keep to."""
        lines: list[Line] = []
        with self.lock:
            for budget in budgets:
                if budget.per == "call":
                    lines.append(Line(budget, "this call", Spend()))
                    continue
                for window in windows_of(budget.per, now, caller, tags):
                    lines.append(Line(budget, window, self._spend(budget.name, window)))
        return CallBudget(self.lock, tuple(lines), config)

    def _spend(self, name: str, window: str) -> Spend:
        spend = self._spends.get((name, window))
        if spend is None:
            spend = self._spends[name, window] = Spend()
            if len(self._spends) > WINDOWS_KEPT:
                oldest = next(iter(self._spends))
                if not self._spends[oldest].reserved:
                    del self._spends[oldest]
        return spend


class CallBudget:
    """The budgets of one call."""

    def __init__(self, lock: Lock, lines: tuple[Line, ...], config: Mapping[str, Any]) -> None:
        self._lock, self._lines, self._config = lock, lines, config

    def exceeded(self, expected_usd: Decimal | None) -> Line | None:
        """Return the tightest budget to downgrade for, where a call of that cost does not fit; None where all fit.

        Raises:
            BudgetExceededError: it does not fit a budget that fails.
            GraphInterrupt: it does not fit a budget that asks a person, inside a graph.
        """
        while True:
            with self._lock:
                over = [line for line in self._lines if not line.fits(expected_usd)]
            strict = [line for line in over if line.budget.when_exceeded != "downgrade"]
            if not strict:
                return min(over, key=lambda line: line.left_usd, default=None)
            self._ask_for_more(strict[0], expected_usd)

    def reserve(self, model: ModelInfo, tokens: tuple[int, int], settings: Mapping[str, Any]) -> "Reservation":
        """Reserve the worst case of one attempt: the longest answer that the settings or the model allow.

        Args:
            tokens: what the attempt is expected to take, input and output.

        Raises:
            BudgetExceededError, GraphInterrupt: see `exceeded`.
        """
        longest = settings.get("max_tokens") or settings.get("max_completion_tokens") or model.max_output_tokens
        expected_usd = model.cost_usd(*tokens)
        amount = model.cost_usd(tokens[0], max(tokens[1], int(longest or LONGEST_ANSWER_TOKENS))) or ZERO
        while True:
            with self._lock:
                over = [
                    line
                    for line in self._lines
                    if line.budget.when_exceeded != "downgrade" and not line.fits(expected_usd)
                ]
                if not over:
                    for line in self._lines:
                        line.spend.reserved += amount
                    return Reservation(self, amount)
            self._ask_for_more(over[0], expected_usd)

    def settle(self, reserved_usd: Decimal, spent_usd: Decimal | None) -> None:
        """Give a reservation back and book what was spent; warn once where a budget nears its end."""
        near: list[Line] = []
        with self._lock:
            for line in self._lines:
                spend, budget = line.spend, line.budget
                spend.reserved -= reserved_usd
                spend.spent += spent_usd or ZERO
                ceiling = budget.usd + spend.granted
                if not spend.is_warned and spend.spent >= ceiling * Decimal(str(budget.warn_at)) and spend.spent:
                    spend.is_warned = True
                    near.append(line)
        for line in near:
            logger.warning(
                "Budget %s (%s %s) has spent $%s of $%s", line.budget.name, line.budget.per, line.window,
                line.spend.spent, line.budget.usd,
            )  # fmt: skip

    def _ask_for_more(self, line: Line, expected_usd: Decimal | None) -> None:
        """Ask the person behind a graph for more money, where the budget says so and there is one; else raise."""
        left = max(line.left_usd, ZERO)
        error = BudgetExceededError(line.budget.name, _shown(expected_usd), _shown(left))
        if line.budget.when_exceeded == "fail" or not _is_in_graph(self._config):
            raise error
        from langgraph.types import interrupt  # only here, since most processes never ask

        question = f"{error} How many dollars more? With 0 the call fails."
        facts = {"budget": line.budget.name, "per": line.budget.per, "limit_usd": float(line.budget.usd)}
        more = interrupt({"question": question, **facts, "spent_usd": float(line.spend.spent)})
        if isinstance(more, bool) or not isinstance(more, int | float) or more <= 0 or expected_usd is None:
            raise error
        with self._lock:
            line.spend.granted += Decimal(str(more))


class Reservation:
    """What one attempt has reserved; `settle` ends it, once."""

    __slots__ = ("_amount", "_budget")

    def __init__(self, budget: CallBudget, amount: Decimal) -> None:
        self._budget, self._amount = budget, amount

    def settle(self, spent_usd: Decimal | None) -> None:
        """Book what the attempt cost; None where that is unknown."""
        self._budget.settle(self._amount, spent_usd)


def _is_in_graph(config: Mapping[str, Any]) -> bool:
    """Return whether a person can be asked: inside a LangGraph run with a checkpointer."""
    configurable = config.get("configurable") or {}
    return "__pregel_scratchpad" in configurable and bool(configurable.get("__pregel_checkpointer"))


def _shown(usd: Decimal | None) -> str:
    return "?" if usd is None else f"{usd:.6f}"
