"""Training the difficulty score on outcomes of models, on prompts with a judged difficulty and on labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from langchain_modelrouter.evaluation.difficulty_fit import (
    EASY_AT_MOST,
    HARD_AT_LEAST,
    SIDES,
    Described,
    TrainingPrompt,
    describe,
    fit,
)
from langchain_modelrouter.evaluation.json_files import read_rows
from langchain_modelrouter.evaluation.outcomes import read_outcomes
from langchain_modelrouter.routing.classifiers.difficulty import feature_names, question

SMALLEST_GROUP = 20
"""Prompts that a group needs for its ranking to be reported."""
PAIRS = 20_000
"""Random pairs of prompts that a ranking is measured on."""

_FIRST_OPTION = re.compile(r"\n\(?A[.):]\)?\s")


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
    weights: Mapping[str, Mapping[str, float]]


def train_difficulty(paths: Iterable[Path], out: Path | None, *, seed: int = 0) -> DifficultyReport:
    """Fit the score on outcome files and judged prompts and write its weights to `out`.

    Args:
        paths: files that `read_outcomes` takes, or JSON lines with `prompt`, `difficulty` (0 to 1) and `kind`,
            or with `text`, `label` (of the five classes) and `source`.
        out: where the weights go; None only measures.
        seed: of the pairs that the ranking is measured on; the fit has no randomness.

    Raises:
        ValueError: a file holds neither outcomes nor judged prompts, or there is nothing to learn from.
        ModuleNotFoundError: numpy is missing; `pip install 'langchain-modelrouter[train]'` brings it.
    """
    rows = describe(read_training_prompts(paths))
    if len({row.prompt.failure for row in rows}) < 2:
        raise ValueError(f"{len(rows)} prompts of one difficulty: nothing to rank")
    kinds = fit(rows)
    weights = {kind: dict(zip(feature_names(), kinds[kind].weights, strict=True)) for kind in kinds}
    if out is not None:
        record = {
            kind: {
                "intercept": round(kinds[kind].intercept, 5),
                "weights": {name: round(weight, 5) for name, weight in weights[kind].items() if weight},
            }
            for kind in kinds
        }
        out.write_text(json.dumps({"version": 1, "kinds": record}, indent=1) + "\n", encoding="utf-8")
    groups = tuple(leave_group_out(rows, seed=seed))
    return DifficultyReport(
        prompts=len(rows),
        groups=groups,
        mean_ranking=fmean(group.ranking for group in groups) if groups else float("nan"),
        mean_length_ranking=fmean(group.length_ranking for group in groups) if groups else float("nan"),
        weights=weights,
    )


def read_training_prompts(paths: Iterable[Path]) -> tuple[TrainingPrompt, ...]:
    """Return the prompts of outcome files, of files with a judged `difficulty` and of labelled ones."""
    found: list[TrainingPrompt] = []
    for path in paths:
        first: Mapping[str, Any] = next((row for _, row in read_rows(path)), {})
        reader = _judged if "difficulty" in first else _labelled if "label" in first else _observed
        found += reader(path)
    return tuple(found)


def leave_group_out(rows: Sequence[Described], *, seed: int) -> Iterator[GroupRanking]:
    """Yield the ranking within each group by a score fitted on the other groups, beside that by length.

    In a labelled group two prompts differ where one has an easy label and the other a hard one.
    """
    for group in sorted({row.prompt.group for row in rows}):
        inside = [row for row in rows if row.prompt.group == group]
        outside = [row for row in rows if row.prompt.group != group]
        failures = [row.prompt.failure for row in inside]
        if not outside or len(inside) < SMALLEST_GROUP or len(set(failures)) < 2:
            continue
        kinds = fit(outside)
        scores = [
            kinds[row.kind].intercept + sum(w * v for w, v in zip(kinds[row.kind].weights, row.values, strict=True))
            for row in inside
        ]
        lengths = [float(len(question(row.prompt.prompt))) for row in inside]
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
        found.append(TrainingPrompt(row["prompt"], group, "judged", float(row["difficulty"])))
        if (stem := _FIRST_OPTION.split(row["prompt"])[0]) != row["prompt"]:
            found.append(TrainingPrompt(stem, f"{group} without options", "judged", float(row["difficulty"])))
    return found


def _labelled(path: Path) -> list[TrainingPrompt]:
    """Return the prompts whose label tells a side; agent requests tell none."""
    found = []
    for where, row in read_rows(path):
        text, label = row.get("text", row.get("prompt")), row.get("label")
        if not isinstance(text, str) or not isinstance(label, str):
            raise ValueError(f"{where}: `text` and `label` are wanted; got {', '.join(row)}")
        if label in SIDES:
            failure = HARD_AT_LEAST if SIDES[label] == "hard" else EASY_AT_MOST
            group = f"{path.name}:{row.get('source', '')}"
            found.append(TrainingPrompt(text, group, "labelled", failure, label))
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
                found.append(TrainingPrompt(row.prompt, f"{path.name}:{group}", "observed", 1 - fmean(scores)))
    return found
