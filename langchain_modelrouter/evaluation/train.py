"""Trains the local classifier on labelled prompts. Needs the `train` extra (numpy, scipy, scikit-learn)."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from langchain_modelrouter.evaluation.examples import read_examples
from langchain_modelrouter.evaluation.fit import fit
from langchain_modelrouter.evaluation.leave_source_out import FOLDS, LeaveSourceOut, leave_source_out


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was trained, and how well it does on sources that it has not seen."""

    out: Path
    size_bytes: int
    features: int
    labels: Mapping[str, int]
    """Label -> number of examples."""
    sources: Mapping[str, int]
    unseen: LeaveSourceOut | None
    """None where the examples come from one source: then nothing can be said."""


def train(
    files: Iterable[Path | str],
    out: Path | str,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingReport:
    """Fit the classifier to the labelled prompts of the files and write it to `out`, whole or not at all.

    Args:
        files: JSON lines with `text`, `label` and, better, `source`; any set of labels.
        seed: the same files and seed give the same bytes.
        folds: classifiers fitted for the estimate on unseen sources and for the calibration.
        progress: told after each fit how many of how many are done.

    Raises:
        ExamplesError: a line has a fault.
        ValueError: fewer than two labels.
    """
    examples = read_examples(files)
    unseen = leave_source_out(examples, folds=folds, seed=seed, progress=progress)
    model = fit(examples, seed=seed, temperature=unseen.temperature if unseen else 1.0)
    data = model.to_bytes()
    out = Path(out)
    partial = out.with_name(f".{out.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, out)
    return TrainingReport(
        out=out,
        size_bytes=len(data),
        features=len(model.table),
        labels=Counter(example.label for example in examples),
        sources=Counter(example.group for example in examples),
        unseen=unseen,
    )
