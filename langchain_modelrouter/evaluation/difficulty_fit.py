"""The estimator behind the difficulty score: ridge regression per kind of prompt on what is known of failures.

Source of the estimator: A. Hoerl, R. Kennard, "Ridge Regression", Technometrics 12(1), 1970.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_modelrouter.routing.classifiers.difficulty import KINDS, feature_names, features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

RIDGE = 200.0
"""Strength of the shrinkage; chosen by leave-group-out ranking over 30, 50, 100, 200."""
GROUP_CAP = 150
"""Prompts that one group counts for at most, so that a big task does not speak for all."""
IMPORTANCE = {"judged": 2.0, "observed": 0.3, "labelled": 0.5}
"""What one prompt counts by what is known of it: few models' marks are noisier than a considered grade."""
OTHER_KINDS = 0.2
"""What a prompt of another kind counts in addition to that."""
EASY_AT_MOST, HARD_AT_LEAST = 0.3, 0.5
"""A label tells a side only: simple and general are at most this hard, reasoning and code at least that."""
PROBLEM_LIFT = 0.1
"""Word problems are graded among themselves; among all prompts they are that much harder."""
SLOPE = 4.0
"""Steepness of the sigmoid that turns the fitted failure rate into the score; it changes no ranking."""
ROUNDS = 6
"""Refits with the labelled prompts put on their side."""

PROBLEM_FEATURES = frozenset({
    "length", "sentences", "numbers", "distinct_numbers", "decimals", "large_numbers", "formula", "money_or_percent",
    "questions", "algebra", "geometry", "statistics", "spread", "parts", "compare", "flow", "rates", "money",
    "total", "number_words", "condition", "reasoning",
})  # fmt: skip
"""What word problems are weighed by: the rest would be learned from a few odd ones."""
LENGTH_PRIOR = {"choice": 0.2, "problem": 0.1, "open": 0.0}
"""What the slope of length is shrunk to, per standard deviation: length alone is known to have an APGR of 0.59 on MMLU
and GSM8K for the pair of arXiv 2406.18665, whose long questions are cases and scenarios that our data lack."""
SIDES = {"simple": "easy", "general": "easy", "reasoning": "hard", "code": "hard"}


@dataclass(frozen=True, slots=True)
class TrainingPrompt:
    """A prompt and what is known of how often models fail on it.

    `source` says what `failure` (0 to 1) is: "judged" (a grade, the same scale in all groups), "observed" (a
    failure rate, compared within its group only) or "labelled" (only the side of `label` is known).
    """

    prompt: str
    group: str
    source: str
    failure: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class KindWeights:
    """The linear score of one kind of prompt."""

    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True)
class Described:
    """A training prompt with what the score sees of it."""

    prompt: TrainingPrompt
    kind: str
    values: tuple[float, ...]


def describe(prompts: Sequence[TrainingPrompt]) -> tuple[Described, ...]:
    """Return the prompts with their kinds and features."""
    read = ((prompt, features(prompt.prompt)) for prompt in prompts)
    return tuple(Described(prompt, kind, tuple(values)) for prompt, (kind, values) in read)


def fit(rows: Sequence[Described]) -> Mapping[str, KindWeights]:
    """Return the weights of each kind, to be used as sigmoid(intercept + weights * features)."""
    return {kind: _fit_kind(rows, kind) for kind in KINDS}


def _fit_kind(rows: Sequence[Described], kind: str) -> KindWeights:
    """Fit one kind: its own prompts fully, those of other kinds a little, labels only where kinds mix ("open").

    Observed groups and prompts of other kinds are compared within their group, the rest with each other. A kind
    that the data lack is weighed like the others.
    """
    import numpy as np

    rows = [r for r in rows if (r.prompt.source != "labelled") or (kind == "open" and r.kind == kind)]
    own = np.array([r.kind == kind for r in rows])
    counted = own if own.any() else ~own
    x = np.array([r.values for r in rows])
    spread = x[counted].std(axis=0)
    spread[spread < 1e-9] = np.inf
    if kind == "problem":
        spread[[name not in PROBLEM_FEATURES for name in feature_names()]] = np.inf
    z, target = x / spread, np.array([r.prompt.failure for r in rows])
    groups = np.array([f"{r.prompt.group}|{r.kind == kind}" for r in rows])
    among_all = own & np.array([kind == "open" and r.prompt.source != "observed" for r in rows])
    importance = np.array([IMPORTANCE[r.prompt.source] * (1.0 if r.kind == kind else OTHER_KINDS) for r in rows])
    for group in np.unique(groups):
        members = groups == group
        importance[members] *= min(members.sum(), GROUP_CAP) / members.sum()
    base = np.zeros(len(rows))
    for group in np.unique(groups[~among_all]):
        members = groups == group
        z[members] -= z[members].mean(axis=0)
        base[members] = target[members].mean()
    middle = np.average(z[among_all], axis=0, weights=importance[among_all]) if among_all.any() else 0.0
    z[among_all] -= middle
    weighted = z * importance[:, None]
    inverse = np.linalg.inv(weighted.T @ z + RIDGE * np.eye(z.shape[1]))
    prior = np.zeros(z.shape[1])
    prior[feature_names().index("length")] = LENGTH_PRIOR[kind]
    sides = np.array([SIDES.get(r.prompt.label, "") for r in rows])
    for _ in range(ROUNDS):
        if among_all.any():
            base[among_all] = np.average(target[among_all], weights=importance[among_all])
        slopes = inverse @ (weighted.T @ (target - base) + RIDGE * prior)
        fitted = z @ slopes + base
        target = np.where(sides == "easy", np.clip(fitted, 0.0, EASY_AT_MOST), target)
        target = np.where(sides == "hard", np.clip(fitted, HARD_AT_LEAST, 1.0), target)
    slopes = slopes / spread
    level = _level(rows, kind, x @ slopes, target)
    return KindWeights(tuple(float(SLOPE * w) for w in slopes), SLOPE * (level - 0.5))


def _level(rows: Sequence[Described], kind: str, fitted: Vector, target: Vector) -> float:
    """Return the constant that puts the judged (or else all) prompts of a kind at their mean failure rate."""
    import numpy as np

    own = np.array([r.kind == kind for r in rows])
    judged = own & np.array([r.prompt.source != "observed" for r in rows])
    chosen = judged if judged.any() else own if own.any() else ~own
    return float(target[chosen].mean() - fitted[chosen].mean()) + (PROBLEM_LIFT if kind == "problem" else 0.0)
