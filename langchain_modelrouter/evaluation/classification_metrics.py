"""How good a classifier is, in plain Python: accuracy, macro-F1, recall, confusion, calibration."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BINS: Final = 15
"""Equal-width bins of the confidence, as in Guo et al., "On Calibration of Modern Neural Networks", 2017."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence lies in (low, high]."""

    low: float
    high: float
    count: int
    mean_confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One label, against all others. What has no denominator is 0."""

    support: int
    """How many truly have the label."""
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ClassificationMetrics:
    """Figures of one classifier on one set."""

    count: int
    accuracy: float
    macro_f1: float
    """Mean F1 over the labels that occur in the truth."""
    classes: Mapping[str, ClassMetrics]
    confusion: Mapping[str, Mapping[str, int]]
    """Truth -> answer -> count."""
    ece: float | None
    """Expected calibration error; None without confidences."""
    reliability: tuple[ReliabilityBin, ...]
    """Bins that hold an answer."""


def classification_metrics(
    truth: Sequence[str], answers: Sequence[str], confidences: Sequence[float] = ()
) -> ClassificationMetrics:
    """Return the figures for answers to be compared with the truth, one by one.

    Args:
        confidences: of the answers, each in [0, 1]; leave out where the classifier gives none.

    Raises:
        ValueError: nothing to compare, or the lengths differ.
    """
    if not truth or len(truth) != len(answers) or (confidences and len(confidences) != len(truth)):
        raise ValueError(f"{len(truth)} labels, {len(answers)} answers, {len(confidences)} confidences: no match")
    pairs = Counter(zip(truth, answers, strict=True))
    labels = sorted({*truth, *answers})
    right = [label == answer for label, answer in zip(truth, answers, strict=True)]
    classes = {label: _class_metrics(label, labels, pairs) for label in labels}
    scores = [classes[label].f1 for label in sorted(set(truth))]
    bins = reliability(right, confidences) if confidences else ()
    return ClassificationMetrics(
        count=len(truth),
        accuracy=sum(right) / len(right),
        macro_f1=sum(scores) / len(scores),
        classes=classes,
        confusion={label: {answer: pairs[label, answer] for answer in labels} for label in labels},
        ece=expected_calibration_error(bins) if confidences else None,
        reliability=bins,
    )


def reliability(right: Sequence[bool], confidences: Sequence[float], bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Return how often answers of about the same confidence are right, bins without answers left out."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, is_right in zip(confidences, right, strict=True):
        index = next((i for i in range(bins) if confidence <= (i + 1) / bins), bins - 1)
        held[index].append((confidence, is_right))
    return tuple(
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            count=len(items),
            mean_confidence=sum(confidence for confidence, _ in items) / len(items),
            accuracy=sum(is_right for _, is_right in items) / len(items),
        )
        for index, items in enumerate(held)
        if items
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the mean gap between confidence and accuracy, each bin counted by its answers.

    Source: Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    total = sum(item.count for item in bins)
    return sum(item.count * abs(item.accuracy - item.mean_confidence) for item in bins) / total if total else 0.0


def _class_metrics(label: str, labels: Sequence[str], pairs: Mapping[tuple[str, str], int]) -> ClassMetrics:
    hits = pairs.get((label, label), 0)
    support = sum(pairs.get((label, other), 0) for other in labels)
    claimed = sum(pairs.get((other, label), 0) for other in labels)
    return ClassMetrics(
        support=support,
        precision=hits / claimed if claimed else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (support + claimed) if support + claimed else 0.0,
    )
