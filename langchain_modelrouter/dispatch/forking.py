"""Let live state survive a fork: a lock that another thread held would never be released in the child."""

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Live state that starts anew in a forked child."""

    def after_fork(self) -> None:
        """Make new locks, and forget what only the parent will end."""


_renewables: "WeakSet[Renewable]" = WeakSet()


def renew_after_fork(state: Renewable) -> None:
    """Have `state.after_fork()` called in each child that this process forks."""
    _renewables.add(state)


def _renew_all() -> None:
    for state in list(_renewables):
        state.after_fork()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
