"""What `modelrouter eval --data` says of a classifier."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.classifying import CATEGORY_WITHOUT_TEXT
from langchain_modelrouter.evaluation.classification_metrics import ClassificationMetrics, classification_metrics
from langchain_modelrouter.evaluation.examples import Example, labels_of, read_examples
from langchain_modelrouter.evaluation.perturb import Robustness, robustness
from langchain_modelrouter.routing.classification import Classifier
from langchain_modelrouter.routing.request import RouteRequest


@dataclass(frozen=True, slots=True)
class LabelledResult:
    """A classifier on labelled prompts, beside one answer for all and chance."""

    classifier: str
    metrics: ClassificationMetrics
    by_source: Mapping[str, ClassificationMetrics]
    best_single: str
    """The label that is right most often when it is given to every prompt."""
    best_single_accuracy: float
    random_accuracy: float
    """Of a label drawn evenly from those that occur."""
    median_us: float
    """Median time of one decision, in microseconds."""
    per_second: float
    perturbed: Sequence[Robustness]


def judged(files: Sequence[Path], classifier: Classifier, *, perturb: bool, seed: int) -> LabelledResult:
    """Return how the classifier does on the labelled prompts of the files.

    Raises:
        ExamplesError: a line has a fault.
        ValueError: there are no prompts.
        OSError: a file cannot be read.
    """
    examples = read_examples(files)
    if not examples:
        raise ValueError("no labelled prompts in it")
    answers, seconds = [], []
    for example in examples:
        started_s = time.perf_counter()
        found = classifier(RouteRequest(text=example.text))
        seconds.append(time.perf_counter() - started_s)
        answers.append((CATEGORY_WITHOUT_TEXT, 0.0) if found is None else (found.task, found.confidence))
    label, count = Counter(example.label for example in examples).most_common(1)[0]
    by_source: dict[str, list[int]] = {}
    for at, example in enumerate(examples):
        by_source.setdefault(example.source, []).append(at)
    texts = [example.text for example in examples] if perturb else []
    return LabelledResult(
        classifier=classifier.name,
        metrics=_metrics(examples, answers, range(len(examples))),
        by_source={source: _metrics(examples, answers, rows) for source, rows in sorted(by_source.items())},
        best_single=label,
        best_single_accuracy=count / len(examples),
        random_accuracy=1 / len(labels_of(examples)),
        median_us=median(seconds) * 1e6,
        per_second=len(examples) / sum(seconds),
        perturbed=robustness(texts, lambda text: _answer(classifier, text), seed=seed) if perturb else (),
    )


def _metrics(
    examples: Sequence[Example], answers: Sequence[tuple[str, float]], rows: Sequence[int]
) -> ClassificationMetrics:
    truth = [examples[row].label for row in rows]
    return classification_metrics(truth, [answers[row][0] for row in rows], [answers[row][1] for row in rows])


def _answer(classifier: Classifier, text: str) -> str | None:
    found = classifier(RouteRequest(text=text))
    return None if found is None else found.task


def show(result: LabelledResult) -> None:
    """Print the figures and the tables under them."""
    metrics = result.metrics
    render.facts(
        [
            ("prompts", f"{metrics.count:,} of {len(result.by_source)} sources"),
            ("accuracy", f"{metrics.accuracy:.3f} ({result.classifier})"),
            ("best single", f"{result.best_single_accuracy:.3f} (always {result.best_single})"),
            ("random", f"{result.random_accuracy:.3f}"),
            ("macro-F1", f"{metrics.macro_f1:.3f}"),
            ("ECE", "not known" if metrics.ece is None else f"{metrics.ece:.3f}"),
            ("time", f"{result.median_us:.0f} us a prompt (median), {result.per_second:,.0f} prompts a second"),
        ]
    )
    render.line()
    rows = [
        (label, each.support, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}")
        for label, each in metrics.classes.items()
    ]
    columns = ("label", "prompts", "precision", "recall", "F1")
    render.table(columns, rows, title="By label", right=columns[1:])
    labels = list(metrics.confusion)
    render.line()
    render.table(
        ("is, taken for", *labels),
        [(label, *(metrics.confusion[label][other] for other in labels)) for label in labels],
        title="Confusion",
        right=labels,
    )
    if len(result.by_source) > 1:
        render.line()
        rows_by_source = [
            (source, each.count, f"{each.accuracy:.3f}", f"{each.macro_f1:.3f}")
            for source, each in result.by_source.items()
        ]
        columns = ("source", "prompts", "accuracy", "macro-F1")  # type: ignore[assignment]
        render.table(columns, rows_by_source, title="By source", right=columns[1:])
    if result.perturbed:
        render.line()
        changed = [(each.kind, each.count, render.percent(each.changed)) for each in result.perturbed]
        render.table(("change", "prompts", "altered"), changed, title="Harmless changes", right=("prompts", "altered"))
