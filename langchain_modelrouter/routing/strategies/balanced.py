"""Price, latency and quality in one score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_modelrouter.catalog.model_info import SIZES, ModelInfo
from langchain_modelrouter.errors import NoEligibleModelError
from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import BalancedWeights
from langchain_modelrouter.routing.strategies.cheapest import cheapest
from langchain_modelrouter.routing.strategies.fastest import expected_s

_UNKNOWN = float("inf")


@dataclass(frozen=True, slots=True)
class Balanced:
    """Rank by a weighted mean of price, latency and quality, each scaled to [0, 1] over the candidates.

    Candidates that break a hard ceiling are left out; where none is left, `on_no_candidates` says what then:
    `fail`, the `nearest` (the best score all the same) or the `cheapest`.
    """

    weights: BalancedWeights = BalancedWeights()

    def __call__(self, request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
        """Rank `candidates`, best score first.

        Raises:
            NoEligibleModelError: every candidate breaks a ceiling and `on_no_candidates` is `fail`.
        """
        broken = {candidate.model.key: self._broken_ceiling(candidate, request) for candidate in candidates}
        within = [candidate for candidate in candidates if broken[candidate.model.key] is None]
        if not within and self.weights.on_no_candidates == "fail":
            raise NoEligibleModelError(request.task or "", {key: why for key, why in broken.items() if why})
        if not within and self.weights.on_no_candidates == "cheapest":
            return cheapest(request, candidates).with_(strategy="balanced")
        score = self._scores(request, within or candidates)
        ranked = sorted(within or candidates, key=lambda candidate: -score[candidate.model.key])
        first = ranked[0].model.key
        note = "" if within else "; every candidate breaks a ceiling"
        return Decision(
            ranked=tuple(candidate.model for candidate in ranked),
            strategy="balanced",
            reason=f"{first} scores {score[first]:.2f} of 1 over price, latency and quality{note}",
            refused={key: why for key, why in broken.items() if why and within},
        )

    def _broken_ceiling(self, candidate: Candidate, request: RouteRequest) -> str | None:
        weights = self.weights
        if weights.max_cost_usd is not None and not _price(candidate, request) <= float(weights.max_cost_usd):
            return f"its expected price is above {weights.max_cost_usd} USD or unknown"
        if weights.max_latency_s is not None and expected_s(candidate, request.output_tokens) > weights.max_latency_s:
            return f"its expected latency is above {weights.max_latency_s:g} s or unknown"
        if weights.min_quality is not None and quality(candidate.model) < weights.min_quality:
            return f"its quality is below {weights.min_quality:g}"
        return None

    def _scores(self, request: RouteRequest, candidates: Sequence[Candidate]) -> dict[str, float]:
        weights = self.weights
        parts = [
            (weights.price, _scaled(candidates, lambda c: -_price(c, request))),
            (weights.latency, _scaled(candidates, lambda c: -expected_s(c, request.output_tokens))),
            (weights.quality, _scaled(candidates, lambda c: quality(c.model))),
        ]
        total = sum(weight for weight, _ in parts) or 1.0
        keys = [candidate.model.key for candidate in candidates]
        return {key: sum(weight * part[i] for weight, part in parts) / total for i, key in enumerate(keys)}


def quality(model: ModelInfo) -> float:
    """Return the model's stated quality in [0, 1]; where none is stated, its place among the size classes."""
    if model.quality is not None:
        return model.quality
    return (SIZES.index(model.size) + 1) / len(SIZES)


def _price(candidate: Candidate, request: RouteRequest) -> float:
    price = candidate.model.cost_usd(request.input_tokens, request.output_tokens)
    return _UNKNOWN if price is None else float(price)


def _scaled(candidates: Sequence[Candidate], value: Callable[[Candidate], float]) -> list[float]:
    """Return the values scaled to [0, 1], 1 for the highest; unknown (infinite) ones get 0, equal ones 1."""
    values = [value(candidate) for candidate in candidates]
    known = [v for v in values if abs(v) != _UNKNOWN]
    if not known:
        return [0.0] * len(values)
    low, high = min(known), max(known)
    return [0.0 if abs(v) == _UNKNOWN else 1.0 if high == low else (v - low) / (high - low) for v in values]
