"""Reading what several models scored on the same prompts, and what routing between two of them is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from langchain_modelrouter.evaluation.cost_quality import (
    Case,
    CurvePoint,
    Interval,
    aiq,
    apgr,
    apgr_and_cpts,
    bootstrap,
    cost_at_quality,
    curve,
)
from langchain_modelrouter.evaluation.json_files import read_rows

OUTPUT_TOKENS = 200
"""Tokens of a reply where a file states none: the workload model of the "multi-model architecture" article."""


@dataclass(frozen=True, slots=True)
class PromptOutcomes:
    """What each model scored on one prompt (0 to 1) and, where known, what its reply cost."""

    id: str
    prompt: str
    group: str
    scores: Mapping[str, float]
    costs_usd: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SingleModel:
    """One model answering everything."""

    model: str
    quality: float
    cost_usd: float


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The measures on one group of prompts; None where the strong model is not better there."""

    group: str
    prompts: int
    weak_quality: float
    strong_quality: float
    apgr: float | None
    length_apgr: float | None


@dataclass(frozen=True, slots=True)
class OutcomesReport:
    """A router between `weak` and `strong`, beside the best single model, random and prompt length.

    `saving` is the share of the best single model's cost that is saved at its quality (AIQ is over the costs
    between the two models); `random_saving` is that of a random mix of the same two.
    """

    prompts: int
    weak: str
    strong: str
    singles: tuple[SingleModel, ...]
    best_single: SingleModel
    curve: tuple[CurvePoint, ...]
    apgr: Interval
    cpt50: Interval
    cpt80: Interval
    random_apgr: float
    length_apgr: float
    aiq: float | None
    random_aiq: float | None
    saving: float | None
    random_saving: float | None
    groups: tuple[GroupResult, ...]


def read_outcomes(
    paths: Iterable[Path], *, prices: Mapping[str, tuple[float, float]] | None = None
) -> tuple[PromptOutcomes, ...]:
    """Read JSON lines (also .gz) with `prompt` and `scores: {model: 0..1}` or `results: {model: {score, cost_usd}}`.

    Args:
        paths: the files; `id`, `task` or `dataset`, `choices` and `costs_usd: {model: USD}` are optional.
        prices: model -> (input, output) USD per million tokens, for rows that state no cost: four characters
            count as a token, the reply as `OUTPUT_TOKENS`.

    Raises:
        ValueError: a line that is not such a record; the message names file and line.
    """
    return tuple(_outcome(row, where=where, prices=prices or {}) for path in paths for where, row in read_rows(path))


def cases(
    outcomes: Sequence[PromptOutcomes], *, score: Callable[[str], float], weak: str, strong: str
) -> tuple[Case, ...]:
    """Return the strong-or-weak choice of each prompt that both models answered; unknown costs count as 0.

    Raises:
        ValueError: no prompt has a score of both.
    """
    found = tuple(
        Case(
            score(row.prompt),
            row.scores[weak],
            row.scores[strong],
            row.costs_usd.get(weak, 0.0),
            row.costs_usd.get(strong, 0.0),
        )
        for row in outcomes
        if weak in row.scores and strong in row.scores
    )
    if not found:
        known = ", ".join(sorted({model for row in outcomes for model in row.scores}))
        raise ValueError(f"no prompt has scores of both {weak!r} and {strong!r}; scored here: {known}")
    return found


def single_models(outcomes: Sequence[PromptOutcomes]) -> tuple[SingleModel, ...]:
    """Return each model's mean score and cost over the prompts that it answered, best first, then cheapest."""
    models = {model for row in outcomes for model in row.scores}
    rows = {model: [row for row in outcomes if model in row.scores] for model in models}
    singles = [
        SingleModel(m, fmean(r.scores[m] for r in rows[m]), fmean(r.costs_usd.get(m, 0.0) for r in rows[m]))
        for m in models
    ]
    return tuple(sorted(singles, key=lambda single: (-single.quality, single.cost_usd, single.model)))


def evaluate_outcomes(
    outcomes: Sequence[PromptOutcomes],
    *,
    score: Callable[[str], float],
    weak: str | None = None,
    strong: str | None = None,
    seed: int = 0,
    resamples: int = 300,
) -> OutcomesReport:
    """Measure strong-or-weak routing by `score`; the pair is by default the cheapest and the best model.

    Where no costs are known, the worst model counts as the cheapest.

    Raises:
        ValueError: no prompt has scores of both, or the strong model is not the better one.
    """
    singles = single_models(outcomes)
    strong = strong or singles[0].model
    others = [single for single in singles if single.model != strong]
    if weak is None and not others:
        raise ValueError(f"only {strong!r} is scored: nothing to route between")
    weak = weak or min(others, key=lambda single: (single.cost_usd, single.quality)).model
    routed = cases(outcomes, score=score, weak=weak, strong=strong)
    area, cpt50, cpt80 = bootstrap(routed, apgr_and_cpts, seed=seed, resamples=resamples)
    points = curve(routed)
    ends = ((points[0].cost_usd, points[0].quality), (points[-1].cost_usd, points[-1].quality))
    routes = [(point.cost_usd, point.quality) for point in points]
    best = singles[0]
    dearer = ends[1][0] > ends[0][0]

    def saving(operating: Sequence[tuple[float, float]]) -> float | None:
        least_usd = cost_at_quality(operating, best.quality) if best.cost_usd > 0 else None
        return None if least_usd is None else 1 - least_usd / best.cost_usd

    return OutcomesReport(
        prompts=len(routed),
        weak=weak,
        strong=strong,
        singles=singles,
        best_single=best,
        curve=points,
        apgr=area,
        cpt50=cpt50,
        cpt80=cpt80,
        random_apgr=apgr(shuffled(routed, seed=seed)),
        length_apgr=apgr(cases(outcomes, score=len, weak=weak, strong=strong)),
        aiq=aiq(routes, low_usd=ends[0][0], high_usd=ends[1][0]) if dearer else None,
        random_aiq=aiq(ends, low_usd=ends[0][0], high_usd=ends[1][0]) if dearer else None,
        saving=saving(routes),
        random_saving=saving(ends),
        groups=tuple(_groups(outcomes, score=score, weak=weak, strong=strong)),
    )


def shuffled(routed: Sequence[Case], *, seed: int, rounds: int = 20) -> tuple[Case, ...]:
    """Return the cases with random difficulties, `rounds` times over: a measured random router."""
    draw = Random(seed)
    return tuple(
        Case(draw.random(), c.weak_score, c.strong_score, c.weak_cost_usd, c.strong_cost_usd)
        for _ in range(rounds)
        for c in routed
    )


def _groups(
    outcomes: Sequence[PromptOutcomes], *, score: Callable[[str], float], weak: str, strong: str
) -> Iterator[GroupResult]:
    both = [row for row in outcomes if weak in row.scores and strong in row.scores]
    for group in sorted({row.group for row in both}):
        rows = [row for row in both if row.group == group]
        routed = cases(rows, score=score, weak=weak, strong=strong)
        by_length = cases(rows, score=len, weak=weak, strong=strong)
        low, high = fmean(c.weak_score for c in routed), fmean(c.strong_score for c in routed)
        better = high - low > 1e-12
        yield GroupResult(
            group, len(rows), low, high, apgr(routed) if better else None, apgr(by_length) if better else None
        )


def _outcome(row: Mapping[str, Any], *, where: str, prices: Mapping[str, tuple[float, float]]) -> PromptOutcomes:
    prompt, results = row.get("prompt"), row.get("results")
    stated = {m: r["score"] for m, r in results.items()} if isinstance(results, dict) else row.get("scores")
    if not isinstance(prompt, str) or not isinstance(stated, dict) or not stated:
        raise ValueError(f"{where}: `prompt` and `scores` (or `results`) are wanted; got {', '.join(row)}")
    if choices := row.get("choices"):
        options = choices if isinstance(choices, list) else [str(choices)]
        prompt += "".join(f"\n{chr(65 + i)}. {option}" for i, option in enumerate(options))
    costs = row.get("costs_usd") or {m: r["cost_usd"] for m, r in (results or {}).items() if "cost_usd" in r}
    guessed = {
        model: (len(prompt) / 4 * prices[model][0] + OUTPUT_TOKENS * prices[model][1]) / 1e6
        for model in stated
        if model in prices and model not in costs
    }
    return PromptOutcomes(
        id=str(row.get("id", where)),
        prompt=prompt,
        group=str(row.get("task") or row.get("dataset") or ""),
        scores={str(model): float(value) for model, value in stated.items()},
        costs_usd={**guessed, **{str(model): float(value) for model, value in costs.items()}},
    )
