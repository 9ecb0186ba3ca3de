"""The lowest expected price."""

from collections.abc import Sequence
from decimal import Decimal

from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest


def cheapest(request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
    """Rank by the expected price of this request, lowest first; models of unknown price go last."""

    def price_usd(candidate: Candidate) -> Decimal:
        price = candidate.model.cost_usd(request.input_tokens, request.output_tokens)
        return Decimal("Infinity") if price is None else price

    ranked = sorted(candidates, key=price_usd)
    first = ranked[0].model.key
    known = price_usd(ranked[0]).is_finite()
    return Decision(
        ranked=tuple(candidate.model for candidate in ranked),
        strategy="cheapest",
        reason=f"{first} is expected to cost ${price_usd(ranked[0]):.6f}"
        if known
        else f"no price is known; {first} comes first",
    )
