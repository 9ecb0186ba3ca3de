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

FEW = 8
"""Answers after which the median is worked out again."""


class Baseline:
    """What is normal for one model: the median of (latency / nominal latency of so many tokens) of its good calls."""

    __slots__ = ("_model", "_news", "_ratios", "_stretch", "_usual")

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self._ratios = Samples()
        self._stretch = 1.0
        self._usual: float | None = None
        self._news = 0

    def nominal_s(self, output_tokens: int) -> float:
        """Return the catalogue's latency for so many tokens, in seconds."""
        catalogue_s = self._model.latency_s(output_tokens)
        if catalogue_s is None:
            catalogue_s = GENERIC_TTFT_S + output_tokens / GENERIC_TOKENS_PER_S
        return max(LEAST_NOMINAL_S, catalogue_s)

    def takes_as_slow(self, latency_s: float, output_tokens: int, *, slow_ratio: float, min_calls: int) -> bool:
        """Take in one answer and return whether it was slow; once there is a baseline, a slow one hardly moves it."""
        nominal_s = self.nominal_s(output_tokens)
        usual = self._usual
        if usual is None or self._news >= FEW:
            usual = self._look_up_usual(min_calls)
        if usual is not None:
            limit_s = slow_ratio * usual * self._stretch * nominal_s + OWN_SLACK_S
        elif self._model.tokens_per_s is not None:
            limit_s = slow_ratio * nominal_s + CATALOGUE_SLACK_S
        else:
            limit_s = inf
        if usual is not None and latency_s > limit_s:
            self._stretch *= ADAPTATION
            return True
        self._stretch = 1.0 + (self._stretch - 1.0) / ADAPTATION
        self._ratios.append(latency_s / nominal_s)
        self._news += 1
        return latency_s > limit_s

    def _look_up_usual(self, min_calls: int) -> float | None:
        """Return the median of the ratios, once there are enough; it moves slowly, so this is done now and then."""
        if len(self._ratios) >= min_calls:
            self._usual, self._news = self._ratios.median, 0
        return self._usual
