"""Judges a classifier on sources that it has not seen: the only honest estimate when sources differ in style."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Final

from langchain_modelrouter.evaluation.classification_metrics import ClassificationMetrics, classification_metrics
from langchain_modelrouter.evaluation.examples import Example
from langchain_modelrouter.evaluation.fit import fit
from langchain_modelrouter.routing.classifiers.text_model import softmax

FOLDS: Final = 7
TEMPERATURES: Final = (0.25, 4.0)
"""Bounds of the search."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier that never saw the example's source says of it."""

    example: Example
    logits: Mapping[str, float]

    @property
    def answer(self) -> str:
        """The label with the highest log-odds."""
        return max(self.logits, key=self.logits.__getitem__)


@dataclass(frozen=True, slots=True)
class LeaveSourceOut:
    """Figures over all examples, each judged by a classifier trained without its source."""

    metrics: ClassificationMetrics
    by_source: Mapping[str, ClassificationMetrics]
    temperature: float
    """Dividing the log-odds by it makes the confidences fit best on unseen sources."""
    verdicts: tuple[Verdict, ...]


def leave_source_out(
    examples: Sequence[Example],
    *,
    folds: int = FOLDS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> LeaveSourceOut | None:
    """Return the figures by group k-fold over the sources, or None where there are fewer than two to compare.

    Args:
        folds: how many classifiers are fitted; whole sources go into one fold.
        progress: told after each fold how many of how many are done.
        workers: processes that fit at the same time.
    """
    parts = [part for part in source_folds(examples, folds) if part]
    judge = partial(_judged, examples, seed)
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else nullcontext() as pool:
        for number, found in enumerate(pool.map(judge, parts) if pool else map(judge, parts), start=1):
            verdicts += found
            if progress:
                progress(number, len(parts))
    if len(parts) < 2 or not verdicts:
        return None
    temperature = best_temperature(verdicts)
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.example.group, []).append(verdict)
    return LeaveSourceOut(
        metrics=metrics_of(verdicts, temperature),
        by_source={name: metrics_of(group, temperature) for name, group in sorted(groups.items())},
        temperature=temperature,
        verdicts=tuple(verdicts),
    )


def _judged(examples: Sequence[Example], seed: int, part: set[str]) -> list[Verdict]:
    """Return what a classifier fitted without the sources of `part` says of them."""
    rest = [example for example in examples if example.group not in part]
    known = {example.label for example in rest}
    held = [example for example in examples if example.group in part and example.label in known]
    if not held or len(known) < 2:
        return []
    model = fit(rest, seed=seed)
    return [Verdict(example, dict(zip(model.labels, model.logits(example.text), strict=True))) for example in held]


def source_folds(examples: Sequence[Example], folds: int) -> list[set[str]]:
    """Return the groups of sources that are held out together, of about the same number of examples per label.

    The largest source goes first, each to the fold that has least of the source's labels so far.
    """
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        counts.setdefault(example.group, Counter())[example.label] += 1
    parts: list[set[str]] = [set() for _ in range(min(folds, len(counts)))]
    held: list[Counter[str]] = [Counter() for _ in parts]
    for group in sorted(counts, key=lambda name: (-counts[name].total(), name)):
        place = min(range(len(parts)), key=lambda i: (sum(held[i][label] for label in counts[group]), held[i].total()))
        parts[place].add(group)
        held[place].update(counts[group])
    return parts


def metrics_of(verdicts: Sequence[Verdict], temperature: float) -> ClassificationMetrics:
    """Return the figures of verdicts, their log-odds divided by the temperature."""
    confidences = [max(softmax([value / temperature for value in item.logits.values()])) for item in verdicts]
    return classification_metrics(
        [item.example.label for item in verdicts], [item.answer for item in verdicts], confidences
    )


def best_temperature(verdicts: Sequence[Verdict]) -> float:
    """Return the temperature with the lowest log-loss, by golden-section search.

    Every source counts the same, as far as it has ten examples. Source of the method: Guo et al., "On
    Calibration of Modern Neural Networks", ICML 2017.
    """
    sizes = Counter(verdict.example.group for verdict in verdicts)
    weights = [1 / max(10, sizes[verdict.example.group]) for verdict in verdicts]

    def loss(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        total = 0.0
        for verdict, weight in zip(verdicts, weights, strict=True):
            odds = [value * scale for value in verdict.logits.values()]
            top = max(odds)
            norm = top + math.log(sum(math.exp(value - top) for value in odds))
            total += weight * (norm - verdict.logits[verdict.example.label] * scale)
        return total

    low, high = map(math.log, TEMPERATURES)
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(25):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)
