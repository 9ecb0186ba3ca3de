"""The preset's own order."""

from collections.abc import Sequence

from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest


def preset(request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
    """Rank as the preset and its fallbacks are written."""
    first = candidates[0]
    if first.position == 0:
        reason = f"{first.model.key} is the preset's first choice"
    else:
        reason = f"{first.model.key} is the first that can serve the request, number {first.position + 1} in line"
    return Decision(ranked=tuple([candidate.model for candidate in candidates]), strategy="preset", reason=reason)
