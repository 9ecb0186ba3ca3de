"""Where to cut the difficulty: at a share of strong calls, or at a quality on the user's own outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from langchain_modelrouter.evaluation.cost_quality import Case, Interval, bootstrap, curve


@dataclass(frozen=True, slots=True)
class ShareCalibration:
    """Prompts at or above `threshold` go to the strong model: `share` of those calibrated on, `wanted` asked.

    The two differ where many prompts are equally difficult.
    """

    threshold: float
    wanted: float
    share: float
    prompts: int


@dataclass(frozen=True, slots=True)
class QualityCalibration:
    """The threshold with the fewest strong calls that reaches `wanted`, and what it gives.

    `quality` is measured on the prompts that the threshold was chosen on, so its interval is a little too kind.
    """

    threshold: float
    wanted: float
    quality: Interval
    strong_share: float
    cost_usd: float
    prompts: int


def threshold_for_share(difficulties: Sequence[float], share: float) -> ShareCalibration:
    """Return the threshold that sends the share of these prompts nearest to `share` to the strong model.

    Raises:
        ValueError: there are no prompts, or `share` is not from 0 to 1.
    """
    if not difficulties:
        raise ValueError("no prompts to calibrate on")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share is {share}; it is a part of the calls, from 0 to 1")
    hardest_first = sorted(difficulties, reverse=True)
    count = len(hardest_first)
    cuts = [(0.0, math.nextafter(hardest_first[0], math.inf))]
    cuts += [(sent / count, here) for sent, (here, after) in enumerate(pairwise(hardest_first), 1) if after < here]
    cuts.append((1.0, hardest_first[-1]))
    got, threshold = min(cuts, key=lambda cut: abs(cut[0] - share))
    return ShareCalibration(threshold=threshold, wanted=share, share=got, prompts=count)


def threshold_for_quality(cases: Sequence[Case], quality: float, *, seed: int = 0) -> QualityCalibration:
    """Return the threshold with the fewest strong calls whose mean score reaches `quality`.

    Raises:
        ValueError: there are no prompts, or no threshold reaches the quality; the message says what is reached.
    """
    if not cases:
        raise ValueError("no prompts to calibrate on")
    points = curve(cases)
    reaching = next((point for point in points if point.quality >= quality - 1e-12), None)
    if reaching is None:
        best = max(points, key=lambda point: point.quality)
        raise ValueError(
            f"a mean score of {quality} is out of reach: the best threshold gives {best.quality:.4f}"
            f" with {best.strong_share:.0%} strong calls"
        )
    hardest = max(case.difficulty for case in cases)
    threshold = math.nextafter(hardest, math.inf) if reaching.strong_share == 0 else reaching.threshold

    def routed(sample: Sequence[Case]) -> tuple[float]:
        taken = [c.strong_score if c.difficulty >= threshold else c.weak_score for c in sample]
        return (sum(taken) / len(taken),)

    return QualityCalibration(
        threshold=threshold,
        wanted=quality,
        quality=bootstrap(cases, routed, seed=seed)[0],
        strong_share=reaching.strong_share,
        cost_usd=reaching.cost_usd,
        prompts=len(cases),
    )


def quality_of_gap(cases: Sequence[Case], recovered: float) -> float:
    """Return the mean score that recovers this part of the gap between the weak and the strong model."""
    points = curve(cases)
    weak, strong = points[0].quality, points[-1].quality
    return weak + recovered * (strong - weak)
