import math

import pytest

from langchain_modelrouter.evaluation.cost_quality import (
    Case,
    aiq,
    apgr,
    apgr_and_cpts,
    bootstrap,
    cost_at_quality,
    cpt,
    curve,
    hull,
)

PERFECT = [Case(0.9, 0, 1, 1, 10), Case(0.6, 0, 1, 1, 10), Case(0.3, 1, 1, 1, 10), Case(0.1, 1, 1, 1, 10)]
WORST = [Case(1 - case.difficulty, case.weak_score, case.strong_score) for case in PERFECT]
BLIND = [Case(0.5, case.weak_score, case.strong_score) for case in PERFECT]


def test_curve_goes_from_all_weak_to_all_strong() -> None:
    points = curve(PERFECT)
    assert [point.strong_share for point in points] == [0, 0.25, 0.5, 0.75, 1]
    assert [point.quality for point in points] == [0.5, 0.75, 1, 1, 1]
    assert [point.cost_usd for point in points] == [1, 3.25, 5.5, 7.75, 10]
    assert [point.threshold for point in points] == [math.inf, 0.9, 0.6, 0.3, 0.1]


@pytest.mark.parametrize(("cases", "expected"), [(PERFECT, 0.75), (WORST, 0.25), (BLIND, 0.5)])
def test_apgr_is_the_area_under_the_recovered_gap(cases: list[Case], expected: float) -> None:
    assert apgr(cases) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cases", "target", "expected"),
    [(PERFECT, 0.5, 0.25), (PERFECT, 0.8, 0.4), (WORST, 0.5, 0.75), (BLIND, 0.5, 0.5), (BLIND, 0.8, 0.8)],
)
def test_cpt_is_the_least_share_of_strong_calls_that_recovers_the_target(
    cases: list[Case], target: float, expected: float
) -> None:
    assert cpt(cases, target) == pytest.approx(expected)


def test_a_detour_that_hurts_lowers_the_recovered_gap_below_zero() -> None:
    harmful_first = [Case(0.9, 1, 0), Case(0.5, 0, 1), Case(0.4, 0, 1)]
    # gap 1/3; PGR after each prompt: -1, 0, 1
    assert apgr(harmful_first) == pytest.approx((-0.5 - 0.5 + 0.5) / 3)


def test_without_a_gap_there_is_nothing_to_recover() -> None:
    with pytest.raises(ValueError, match="no gap to recover"):
        apgr([Case(0.1, 1, 1), Case(0.2, 0, 0)])


def test_hull_drops_what_is_dearer_and_worse_or_under_the_line() -> None:
    points = [(1.0, 0.5), (2.0, 0.4), (3.0, 0.6), (5.0, 0.9), (6.0, 0.8)]
    assert hull(points) == ((1.0, 0.5), (5.0, 0.9))


def test_aiq_is_the_mean_quality_over_the_costs() -> None:
    assert aiq([(0, 0.5), (1, 1.0)], low_usd=0, high_usd=1) == pytest.approx(0.75)
    assert aiq([(0, 0.5), (0.25, 0.9), (1, 1.0)], low_usd=0, high_usd=1) == pytest.approx(0.8875)
    assert aiq([(0, 0.5)], low_usd=0, high_usd=2) == pytest.approx(0.5)


def test_aiq_needs_a_range_of_costs() -> None:
    with pytest.raises(ValueError, match="no cost range"):
        aiq([(1, 0.5)], low_usd=1, high_usd=1)


def test_cost_at_quality_reads_the_hull() -> None:
    points = [(1.0, 0.5), (5.0, 0.9)]
    assert cost_at_quality(points, 0.4) == 1.0
    assert cost_at_quality(points, 0.7) == pytest.approx(3.0)
    assert cost_at_quality(points, 0.95) is None


def test_bootstrap_is_reproducible_and_holds_the_value() -> None:
    cases = PERFECT * 10 + WORST * 3
    first, again = (bootstrap(cases, apgr_and_cpts, seed=3, resamples=80) for _ in range(2))
    assert first == again
    assert [interval.value for interval in first] == [apgr(cases), cpt(cases, 0.5), cpt(cases, 0.8)]
    assert all(interval.low < interval.value < interval.high for interval in first)


def test_bootstrap_leaves_out_resamples_without_a_gap() -> None:
    interval, _, _ = bootstrap([Case(0.9, 0, 1), Case(0.1, 1, 1)], apgr_and_cpts, seed=0, resamples=50)
    assert 0 <= interval.low <= interval.high <= 1
