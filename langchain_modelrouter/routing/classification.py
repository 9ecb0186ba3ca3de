"""What a classifier says of a request, and what a classifier is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from langchain_modelrouter.routing.request import RouteRequest


@dataclass(frozen=True, slots=True)
class Classification:
    """The task that a request asks for, and how sure that is."""

    task: str
    confidence: float
    """In [0, 1]; for a calibrated classifier the share of such answers that are right."""
    probabilities: Mapping[str, float]
    """Sums to 1 over the tasks that the classifier knows."""
    difficulty: float | None = None
    """In [0, 1]: how much the request needs a strong model; None where nobody judged it."""


class Classifier(Protocol):
    """Say which task a request asks for, or None where it cannot tell. No I/O, no clock."""

    @property
    def name(self) -> str:
        """The name under which decisions record it."""
        ...

    def __call__(self, request: RouteRequest) -> Classification | None:
        """Classify one request."""
        ...
