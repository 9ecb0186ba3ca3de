"""Which calls of a model are slow, for the slow-call rule (FAULTS 34)."""

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

    def limit_s(self, output_tokens: int, *, slow_ratio: float, min_calls: int) -> float | None:
        """Return the latency from which a call is slow, in seconds; None while nothing is known of the model."""
        if len(self._ratios) >= min_calls:
            usual = (self._ratios.median or 0.0) * self._stretch
            return slow_ratio * usual * self.nominal_s(output_tokens) + OWN_SLACK_S
        if self._model.tokens_per_s is None:
            return None
        return slow_ratio * self.nominal_s(output_tokens) + CATALOGUE_SLACK_S

    def learn(self, latency_s: float, output_tokens: int, *, slow: bool, min_calls: int) -> None:
        """Take in one answer; a slow one moves the baseline only a little, once there is one."""
        if slow and len(self._ratios) >= min_calls:
            self._stretch *= ADAPTATION
            return
        self._stretch = 1.0 + (self._stretch - 1.0) / ADAPTATION
        self._ratios.add(latency_s / self.nominal_s(output_tokens))
