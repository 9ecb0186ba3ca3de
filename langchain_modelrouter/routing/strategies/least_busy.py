"""The fewest calls in flight."""

from collections.abc import Sequence

from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest


def least_busy(request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
    """Rank by calls in flight, fewest first, then by the headroom of the provider's limit, then as written."""
    ranked = sorted(candidates, key=lambda candidate: (candidate.signals.in_flight, -candidate.signals.headroom))
    first = ranked[0]
    return Decision(
        ranked=tuple(candidate.model for candidate in ranked),
        strategy="least_busy",
        reason=f"{first.model.key} has {first.signals.in_flight} calls in flight",
    )
