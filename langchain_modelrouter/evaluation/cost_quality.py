"""What a router between a weak and a strong model is worth: PGR, APGR, CPT, AIQ, saving.

Sources: RouteLLM, arXiv 2406.18665, section 3 (PGR, APGR, CPT); RouterBench, arXiv 2403.12031, section 4 (AIQ).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from operator import attrgetter
from random import Random
from statistics import fmean

_DIFFICULTY = attrgetter("difficulty")


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt of a strong-or-weak choice: its difficulty, and what each model scored and cost."""

    difficulty: float
    weak_score: float
    strong_score: float
    weak_cost_usd: float = 0.0
    strong_cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Means per prompt when each prompt at or above `threshold` goes to the strong model."""

    threshold: float
    strong_share: float
    quality: float
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured value and its bootstrap interval."""

    value: float
    low: float
    high: float


def curve(cases: Sequence[Case]) -> tuple[CurvePoint, ...]:
    """Return the operating points from "all weak" to "all strong", one per distinct difficulty."""
    count = len(cases)
    quality, cost_usd = fmean(c.weak_score for c in cases), fmean(c.weak_cost_usd for c in cases)
    points, sent = [CurvePoint(math.inf, 0.0, quality, cost_usd)], 0
    hardest_first = sorted(cases, key=_DIFFICULTY, reverse=True)
    for threshold, block in groupby(hardest_first, key=_DIFFICULTY):
        for case in block:
            sent += 1
            quality += (case.strong_score - case.weak_score) / count
            cost_usd += (case.strong_cost_usd - case.weak_cost_usd) / count
        points.append(CurvePoint(threshold, sent / count, quality, cost_usd))
    return tuple(points)


def recovered_gap(cases: Sequence[Case]) -> list[tuple[float, float]]:
    """Return (share of strong calls, PGR) per distinct difficulty: PGR = (router - weak) / (strong - weak).

    Raises:
        ValueError: the strong model is not better here, so there is no gap to recover.
    """
    count = len(cases)
    gap = sum(case.strong_score - case.weak_score for case in cases)
    if gap <= 1e-12 * count:
        raise ValueError(f"the strong model is {-gap / count:.4f} worse than the weak one: no gap to recover")
    points, gained, last = [(0.0, 0.0)], 0.0, math.inf
    for sent, case in enumerate(sorted(cases, key=_DIFFICULTY, reverse=True)):
        if case.difficulty != last and sent:
            points.append((sent / count, gained / gap))
        last = case.difficulty
        gained += case.strong_score - case.weak_score
    points.append((1.0, gained / gap))
    return points


def apgr(cases: Sequence[Case]) -> float:
    """Return the average PGR over all shares of strong calls; a random router has 0.5.

    The exact area under the curve; prompts of equal difficulty count as sent in random order. The paper
    averages ten shares instead, which estimates the same integral.
    """
    return _area(recovered_gap(cases))


def cpt(cases: Sequence[Case], target: float) -> float:
    """Return the least share of strong calls that recovers `target` (0.5 for CPT(50 %)) of the gap."""
    return _share_at(recovered_gap(cases), target)


def apgr_and_cpts(cases: Sequence[Case]) -> tuple[float, float, float]:
    """Return APGR, CPT(50 %) and CPT(80 %), from one curve."""
    gap = recovered_gap(cases)
    return _area(gap), _share_at(gap, 0.5), _share_at(gap, 0.8)


def hull(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the non-decreasing upper convex hull of (cost, quality) points, cheapest first."""
    ordered = sorted(points, key=lambda point: (point[0], -point[1]))
    best = accumulate((quality for _, quality in ordered), max)
    kept: list[tuple[float, float]] = []
    for point, top in zip(ordered, best, strict=True):
        if kept and (point[1] < top or point[1] <= kept[-1][1]):
            continue
        while len(kept) > 1 and _slope(kept[-2], kept[-1]) <= _slope(kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def aiq(points: Sequence[tuple[float, float]], *, low_usd: float, high_usd: float) -> float:
    """Return the mean quality of the hull between two costs (average improvement in quality).

    Mixing two operating points at random reaches each point of the hull, so it is what a user can have.

    Raises:
        ValueError: `high_usd` is not above `low_usd`, or no point is as cheap as `low_usd`.
    """
    kept = hull(points)
    if high_usd <= low_usd or not kept or kept[0][0] > low_usd * (1 + 1e-9) + 1e-15:
        raise ValueError(f"no cost range to average over from {low_usd} to {high_usd} USD")
    kept = (*kept, (max(high_usd, kept[-1][0]), kept[-1][1]))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(kept):
        left, right = max(x0, low_usd), min(x1, high_usd)
        if right > left:
            middle = y0 + (y1 - y0) * ((left + right) / 2 - x0) / (x1 - x0)
            area += middle * (right - left)
    return area / (high_usd - low_usd)


def cost_at_quality(points: Sequence[tuple[float, float]], quality: float) -> float | None:
    """Return the least mean cost on the hull that reaches `quality`, None where nothing does."""
    kept = hull(points)
    if kept[0][1] >= quality - 1e-12:
        return kept[0][0]
    for (x0, y0), (x1, y1) in pairwise(kept):
        if y1 >= quality - 1e-12:
            return x0 + (x1 - x0) * min(1.0, (quality - y0) / (y1 - y0))
    return None


def bootstrap(
    cases: Sequence[Case],
    statistics: Callable[[Sequence[Case]], Sequence[float]],
    *,
    seed: int,
    resamples: int = 300,
    level: float = 0.95,
) -> tuple[Interval, ...]:
    """Return each statistic with its percentile bootstrap interval over prompts.

    A resample on which they are not defined (no gap) is left out.

    Source: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    draw, drawn = Random(seed), []
    for _ in range(resamples):
        try:
            drawn.append(statistics(draw.choices(cases, k=len(cases))))
        except ValueError:
            continue
    tail = (1 - level) / 2
    low, high = int(tail * (len(drawn) - 1)), round((1 - tail) * (len(drawn) - 1))
    intervals = []
    for place, value in enumerate(statistics(cases)):
        values = sorted(sample[place] for sample in drawn) or [math.nan]
        intervals.append(Interval(value, values[low], values[high]))
    return tuple(intervals)


def _area(points: Sequence[tuple[float, float]]) -> float:
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))


def _share_at(points: Sequence[tuple[float, float]], target: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if y1 >= target - 1e-12:
            return x0 + (x1 - x0) * (target - y0) / (y1 - y0) if y1 > y0 else x1
    return 1.0


def _slope(a: tuple[float, float], b: tuple[float, float]) -> float:
    return (b[1] - a[1]) / (b[0] - a[0]) if b[0] > a[0] else math.inf
