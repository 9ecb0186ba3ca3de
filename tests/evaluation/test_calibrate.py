import pytest

from langchain_modelrouter.evaluation.calibrate import quality_of_gap, threshold_for_quality, threshold_for_share
from langchain_modelrouter.evaluation.cost_quality import Case

CASES = [Case(0.9, 0, 1, 1, 10), Case(0.6, 0, 1, 1, 10), Case(0.3, 1, 1, 1, 10), Case(0.1, 1, 1, 1, 10)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 1.0])
def test_the_threshold_sends_the_share_it_says(share: float) -> None:
    difficulties = [i / 100 for i in range(100)]
    found = threshold_for_share(difficulties, share)
    assert sum(d >= found.threshold for d in difficulties) / 100 == found.share == pytest.approx(share)


def test_equal_difficulties_are_not_torn_apart() -> None:
    found = threshold_for_share([0.2, 0.5, 0.5, 0.5], 0.5)
    assert (found.threshold, found.share, found.wanted) == (0.5, 0.75, 0.5)


def test_no_strong_calls_even_at_the_highest_difficulty() -> None:
    assert threshold_for_share([1.0, 1.0], 0.0).threshold > 1.0


@pytest.mark.parametrize(("difficulties", "share"), [([], 0.3), ([0.5], 1.5)])
def test_share_refuses_what_it_cannot_do(difficulties: list[float], share: float) -> None:
    with pytest.raises(ValueError, match=r"no prompts|share is"):
        threshold_for_share(difficulties, share)


def test_quality_takes_the_fewest_strong_calls_that_reach_it() -> None:
    found = threshold_for_quality(CASES, 0.7, seed=1)
    assert (found.threshold, found.strong_share, found.quality.value) == (0.9, 0.25, 0.75)
    assert found.cost_usd == pytest.approx(3.25)


def test_quality_that_the_weak_model_has_needs_no_strong_call() -> None:
    found = threshold_for_quality(CASES, 0.5)
    assert found.strong_share == 0
    assert all(case.difficulty < found.threshold for case in CASES)


def test_quality_out_of_reach_says_what_is_reached() -> None:
    with pytest.raises(ValueError, match=r"best threshold gives 1\.0000 with 50% strong calls"):
        threshold_for_quality(CASES, 1.1)


def test_a_part_of_the_gap_is_a_quality() -> None:
    assert quality_of_gap(CASES, 0.8) == pytest.approx(0.9)
