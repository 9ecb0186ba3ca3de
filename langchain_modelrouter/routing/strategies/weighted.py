"""Shares of the traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.fallbacks import pick
from langchain_modelrouter.routing.request import RouteRequest


@dataclass(frozen=True, slots=True)
class Weighted:
    """Draw the first model in proportion to its weight; the others follow, heaviest first.

    A model without a weight is never drawn, and stands in only after all those that have one. Where no
    candidate has a weight, all weigh the same.
    """

    weights: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
        """Rank `candidates` by one draw."""
        weights = {candidate.model.key: self.weights.get(candidate.model.key, 0.0) for candidate in candidates}
        total = sum(weights.values())
        if total <= 0:
            weights, total = dict.fromkeys(weights, 1.0), float(len(weights))
        drawn = pick(weights, request.draw)
        ranked = sorted(candidates, key=lambda c: (c.model.key != drawn, -weights[c.model.key]))
        return Decision(
            ranked=tuple(candidate.model for candidate in ranked),
            strategy="weighted",
            reason=f"{drawn} was drawn with a share of {weights[drawn] / total:.0%}",
        )
