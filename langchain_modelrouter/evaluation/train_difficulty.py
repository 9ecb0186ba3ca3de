"""Training the difficulty score: ridge regression on outcomes of models and on prompts with a judged difficulty.

Source of the estimator: A. Hoerl, R. Kennard, "Ridge Regression", Technometrics 12(1), 1970.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from langchain_modelrouter.evaluation.outcomes import read_outcomes, read_rows
from langchain_modelrouter.routing.classifiers.difficulty import feature_names, features, question

RIDGE = 200.0
"""Strength of the shrinkage, chosen by leave-group-out ranking over 50, 100, 200, 400."""
GROUP_CAP = 150
"""Prompts that one group counts for at most, so that a big task does not speak for all."""
SLOPE = 4.0
"""Steepness of the sigmoid that turns the fitted failure rate into the score; it changes no ranking."""
SMALLEST_GROUP = 20
"""Prompts that a group needs for its ranking to be reported."""
PAIRS = 20_000
"""Random pairs of prompts that a ranking is measured on."""


@dataclass(frozen=True, slots=True)
class TrainingPrompt:
    """A prompt, how often models fail on it (0 to 1), and whether that compares across groups."""

    prompt: str
    group: str
    failure: float
    judged: bool


@dataclass(frozen=True, slots=True)
class GroupRanking:
    """How often, of two prompts of a group left out of training, the one that fails more ranks higher."""

    group: str
    prompts: int
    ranking: float
    length_ranking: float


@dataclass(frozen=True, slots=True)
class DifficultyReport:
    """What was trained, and how it ranks prompts of groups that it did not see (0.5 is chance)."""

    prompts: int
    groups: tuple[GroupRanking, ...]
    mean_ranking: float
    mean_length_ranking: float
    weights: Mapping[str, float]


def train_difficulty(paths: Iterable[Path], out: Path | None, *, seed: int = 0) -> DifficultyReport:
    """Fit the score on outcome files and judged prompts and write its weights to `out`.

    Args:
        paths: files that `read_outcomes` takes, or JSON lines with `prompt`, `difficulty` (0 to 1) and `kind`.
        out: where the weights go; None only measures.
        seed: of the pairs that the ranking is measured on; the fit has no randomness.

    Raises:
        ValueError: a file holds neither outcomes nor judged prompts, or there is nothing to learn from.
        ModuleNotFoundError: numpy is missing; `pip install 'langchain-modelrouter[train]'` brings it.
    """
    prompts = read_training_prompts(paths)
    if len({prompt.failure for prompt in prompts}) < 2:
        raise ValueError(f"{len(prompts)} prompts of one difficulty: nothing to rank")
    rows = [features(prompt.prompt) for prompt in prompts]
    weights, intercept = fit(prompts, rows)
    if out is not None:
        stored = {name: round(weight, 5) for name, weight in zip(feature_names(), weights, strict=True)}
        record = {"version": 1, "intercept": round(intercept, 5), "weights": stored}
        out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    groups = tuple(leave_group_out(prompts, rows, seed=seed))
    return DifficultyReport(
        prompts=len(prompts),
        groups=groups,
        mean_ranking=fmean(group.ranking for group in groups) if groups else float("nan"),
        mean_length_ranking=fmean(group.length_ranking for group in groups) if groups else float("nan"),
        weights=dict(zip(feature_names(), weights, strict=True)),
    )


def read_training_prompts(paths: Iterable[Path]) -> tuple[TrainingPrompt, ...]:
    """Return the prompts of outcome files and of files with a judged `difficulty`."""
    found: list[TrainingPrompt] = []
    for path in paths:
        first: Mapping[str, Any] = next((row for _, row in read_rows(path)), {})
        found += _judged(path) if "difficulty" in first else _observed(path)
    return tuple(found)


def fit(prompts: Sequence[TrainingPrompt], rows: Sequence[Sequence[float]]) -> tuple[list[float], float]:
    """Return the weights and the intercept of the score.

    Failure rates of observed groups are compared within their group only: what separates the groups is the
    answer format and the models as much as the prompts. Judged difficulties compare across groups.
    """
    import numpy as np

    x = np.asarray(rows, dtype=float)
    y = np.asarray([prompt.failure for prompt in prompts])
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < 1e-9] = np.inf
    z = (x - middle) / spread
    judged = np.asarray([prompt.judged for prompt in prompts])
    centre = float(y[judged].mean()) if judged.any() else float(y.mean())
    target, importance = y - centre, np.ones(len(y))
    for group, count in Counter(prompt.group for prompt in prompts).items():
        members = np.asarray([prompt.group == group for prompt in prompts])
        importance[members] = min(count, GROUP_CAP) / count
        if not judged[members].any():
            target[members] = y[members] - y[members].mean()
            z[members] -= z[members].mean(axis=0)
    weighted = z * importance[:, None]
    gram = weighted.T @ z + RIDGE * np.eye(z.shape[1])
    slopes = np.linalg.solve(gram, weighted.T @ target) / spread
    return [float(w) for w in SLOPE * slopes], float(SLOPE * (centre - 0.5 - slopes @ middle))


def leave_group_out(
    prompts: Sequence[TrainingPrompt], rows: Sequence[Sequence[float]], *, seed: int
) -> Iterable[GroupRanking]:
    """Yield the ranking within each group by a score fitted on the other groups, beside that by length."""
    for group in sorted({prompt.group for prompt in prompts}):
        inside = [i for i, prompt in enumerate(prompts) if prompt.group == group]
        outside = [i for i, prompt in enumerate(prompts) if prompt.group != group]
        failures = [prompts[i].failure for i in inside]
        if not outside or len(inside) < SMALLEST_GROUP or len(set(failures)) < 2:
            continue
        weights, _ = fit([prompts[i] for i in outside], [rows[i] for i in outside])
        scores = [sum(w * f for w, f in zip(weights, rows[i], strict=True)) for i in inside]
        lengths = [float(len(question(prompts[i].prompt))) for i in inside]
        yield GroupRanking(
            group, len(inside), ranking(scores, failures, seed=seed), ranking(lengths, failures, seed=seed)
        )


def ranking(scores: Sequence[float], failures: Sequence[float], *, seed: int) -> float:
    """Return how often the prompt that fails more has the higher score, over random pairs that differ."""
    draw, agreed, counted = Random(seed), 0.0, 0
    for _ in range(PAIRS):
        i, j = draw.randrange(len(scores)), draw.randrange(len(scores))
        if failures[i] != failures[j]:
            counted += 1
            sign = (scores[i] - scores[j]) * (failures[i] - failures[j])
            agreed += 1.0 if sign > 0 else 0.5 if sign == 0 else 0.0
    return agreed / counted if counted else float("nan")


def _judged(path: Path) -> list[TrainingPrompt]:
    found = []
    for where, row in read_rows(path):
        if not isinstance(row.get("prompt"), str) or not isinstance(row.get("difficulty"), int | float):
            raise ValueError(f"{where}: `prompt` and a `difficulty` from 0 to 1 are wanted")
        group = f"{path.name}:{row.get('kind', '')}"
        found.append(TrainingPrompt(row["prompt"], group, float(row["difficulty"]), judged=True))
    return found


def _observed(path: Path) -> list[TrainingPrompt]:
    """Return failure rates over the models that can do the group: half as good as its best one, or better."""
    outcomes, found = read_outcomes([path]), []
    for group in sorted({row.group for row in outcomes}):
        rows = [row for row in outcomes if row.group == group]
        models = {model for row in rows for model in row.scores}
        means = {m: fmean(row.scores[m] for row in rows if m in row.scores) for m in models}
        able = {model for model, mean in means.items() if mean >= max(means.values()) / 2}
        for row in rows:
            scores = [score for model, score in row.scores.items() if model in able]
            if scores:
                found.append(TrainingPrompt(row.prompt, f"{path.name}:{group}", 1 - fmean(scores), judged=False))
    return found
