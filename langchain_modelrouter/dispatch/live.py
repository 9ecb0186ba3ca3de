"""The live state that the calls of one router share."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from langchain_modelrouter.dispatch.budget import Budgets
from langchain_modelrouter.dispatch.clients import Clients
from langchain_modelrouter.dispatch.health import Health
from langchain_modelrouter.dispatch.ledger import Ledger, LedgerRow
from langchain_modelrouter.dispatch.retry import RetryBudget

utc_now: Callable[[], datetime] = partial(datetime.now, UTC)
"""The wall-clock time."""


@dataclass(frozen=True, slots=True)
class Live:
    """Clients, health, records and clocks. The clocks and the draw are injected, so that tests can fix them."""

    clients: Clients
    health: Health
    ledger: Ledger
    retry_budget: RetryBudget
    budgets: Budgets = field(default_factory=Budgets)
    listeners: list[Callable[[LedgerRow], None]] = field(default_factory=list)
    """Told of each attempt when it is over."""
    clock: Callable[[], float] = monotonic
    """Monotonic seconds, for every timer."""
    wall: Callable[[], datetime] = utc_now
    """Dates of the ledger, and Retry-After headers that are dates."""
    draw: Callable[[], float] = field(default=random.random)
    """Uniform in [0, 1)."""
