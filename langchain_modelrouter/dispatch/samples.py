"""The last few measurements of one quantity, and their percentiles."""

from bisect import bisect_left, insort
from collections import deque
from math import ceil

KEPT = 64
"""Enough for a 95th percentile with three samples above it."""


class Samples:
    """The last 64 values, kept in order of size as well, so that a percentile is one look-up."""

    __slots__ = ("_by_age", "_by_size")

    def __init__(self) -> None:
        self._by_age: deque[float] = deque()
        self._by_size: list[float] = []

    def __len__(self) -> int:
        return len(self._by_age)

    def add(self, value: float) -> None:
        """Take in a value; the oldest one leaves."""
        if len(self._by_age) == KEPT:
            oldest = self._by_age.popleft()
            del self._by_size[bisect_left(self._by_size, oldest)]
        self._by_age.append(value)
        insort(self._by_size, value)

    @property
    def median(self) -> float | None:
        """The 50th percentile; None without samples."""
        return self._by_size[(len(self._by_size) - 1) // 2] if self._by_size else None

    def percentile(self, share: float) -> float | None:
        """Return the value that `share` of the samples do not exceed (nearest rank); None without samples."""
        count = len(self._by_size)
        if not count:
            return None
        return self._by_size[max(0, ceil(share * count) - 1)]
