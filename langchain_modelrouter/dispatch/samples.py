"""The last few measurements of one quantity, and their percentiles."""

from collections import deque
from math import ceil

KEPT = 64
"""Enough for a 95th percentile with three samples above it."""


class Samples(deque[float]):
    """The last 64 values. They are put in order when somebody asks: far more are taken in than asked for."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(maxlen=KEPT)

    @property
    def median(self) -> float | None:
        """The 50th percentile; None without samples."""
        return self.percentile(0.5)

    def percentile(self, share: float) -> float | None:
        """Return the value that `share` of the samples do not exceed (nearest rank); None without samples."""
        return sorted(self)[max(0, ceil(share * len(self)) - 1)] if self else None
