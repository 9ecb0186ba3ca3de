"""Which calls of a model are slow, for the slow-call rule (FAULTS 34)."""

from math import inf

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.samples import Samples

CATALOGUE_SLACK_S = 0.5
"""What connecting and queueing may add to the catalogue's figure."""

OWN_SLACK_S = 0.025
"""What a busy event loop may add to the model's own median."""

GENERIC_TTFT_S, GENERIC_TOKENS_PER_S = 0.5, 50.0
"""For a model without a catalogue speed: only to compare its long answers with its short ones."""

LEAST_NOMINAL_S = 0.05
"""An answer without tokens is not free either."""

ADAPTATION = 1.01
"""Each slow call raises the baseline by 1 %: a model that stays slow is taken as it is after some 200 of them."""


class Baseline:
    """What is normal for one model: the median of (latency / nominal latency of so many tokens) of its good calls."""

    __slots__ = ("_model", "_ratios", "_stretch")

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self._ratios = Samples()
        self._stretch = 1.0

    def nominal_s(self, output_tokens: int) -> float:
        """Return the catalogue's latency for so many tokens, in seconds."""
        catalogue_s = self._model.latency_s(output_tokens)
        if catalogue_s is None:
            catalogue_s = GENERIC_TTFT_S + output_tokens / GENERIC_TOKENS_PER_S
        return max(LEAST_NOMINAL_S, catalogue_s)

    def takes_as_slow(self, latency_s: float, output_tokens: int, *, slow_ratio: float, min_calls: int) -> bool:
        """Take in one answer and return whether it was slow; once there is a baseline, a slow one hardly moves it."""
        nominal_s = self.nominal_s(output_tokens)
        is_known = len(self._ratios) >= min_calls
        if is_known:
            limit_s = slow_ratio * (self._ratios.median or 0.0) * self._stretch * nominal_s + OWN_SLACK_S
        elif self._model.tokens_per_s is not None:
            limit_s = slow_ratio * nominal_s + CATALOGUE_SLACK_S
        else:
            limit_s = inf
        if is_known and latency_s > limit_s:
            self._stretch *= ADAPTATION
            return True
        self._stretch = 1.0 + (self._stretch - 1.0) / ADAPTATION
        self._ratios.add(latency_s / nominal_s)
        return latency_s > limit_s
