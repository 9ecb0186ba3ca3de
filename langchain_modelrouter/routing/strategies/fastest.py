"""The shortest expected latency."""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_modelrouter.routing.decision import Candidate, Decision
from langchain_modelrouter.routing.request import RouteRequest

_UNKNOWN = float("inf")


@dataclass(frozen=True, slots=True)
class Fastest:
    """Rank by expected seconds to the full answer; draw among those within `buffer` of the best.

    The draw keeps one model from getting all the traffic, and so from becoming the slow one.
    """

    buffer: float = 0.1
    """Share by which a model may be slower than the best and still be drawn."""

    def __call__(self, request: RouteRequest, candidates: Sequence[Candidate]) -> Decision:
        """Rank `candidates`: the drawn one, then the others by expected latency."""
        by_latency = sorted(candidates, key=lambda candidate: expected_s(candidate, request.output_tokens))
        best = expected_s(by_latency[0], request.output_tokens)
        near = [
            c for c in by_latency if expected_s(c, request.output_tokens) <= best * (1 + self.buffer)
        ] or by_latency[:1]
        drawn = near[int(request.draw * len(near))]
        ranked = [drawn, *(candidate for candidate in by_latency if candidate is not drawn)]
        seconds = expected_s(drawn, request.output_tokens)
        among = f", drawn among {len(near)} within {self.buffer:.0%} of the fastest" if len(near) > 1 else ""
        said = f"is expected to answer in {seconds:.2f} s" if seconds < _UNKNOWN else "comes first; no speed is known"
        return Decision(
            ranked=tuple(candidate.model for candidate in ranked),
            strategy="fastest",
            reason=f"{drawn.model.key} {said}{among}",
        )


def expected_s(candidate: Candidate, output_tokens: int) -> float:
    """Return the expected seconds to a full answer: measured where it was measured, else from the catalogue.

    Time to first token + output tokens / tokens per second (FACTS 2); infinite where no speed is known.
    """
    signals, model = candidate.signals, candidate.model
    ttft_s = model.ttft_s if signals.ttft_s is None else signals.ttft_s
    tokens_per_s = signals.tokens_per_s or model.tokens_per_s
    if tokens_per_s:
        return (ttft_s or 0.0) + output_tokens / tokens_per_s
    return _UNKNOWN if signals.latency_s is None else signals.latency_s
