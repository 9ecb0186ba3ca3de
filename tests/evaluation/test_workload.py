from decimal import Decimal

import pytest

from langchain_modelrouter.evaluation.workload import (
    FROM_SPEEDS,
    PUBLISHED_LATENCIES,
    WORKLOADS,
    ModelSpeed,
    RequestMix,
    Workload,
    simulate_workload,
)


def test_the_published_latencies_average_to_the_published_saving() -> None:
    report = simulate_workload(PUBLISHED_LATENCIES)
    assert report.routed_s == pytest.approx(2.865)
    assert report.baseline_s == pytest.approx(4.5)
    assert round(report.faster, 2) == 0.36
    assert report.requests == 1000
    assert report.cheaper is None


def test_the_speeds_give_other_figures_under_another_name() -> None:
    report = simulate_workload(FROM_SPEEDS)
    expected = 0.2 + 0.6 * 1.2 + 0.3 * (1.18 + 200 / 60) + 0.07 * (2 + 200 / 30) + 0.03 * 3.5
    assert report.routed_s == pytest.approx(expected)
    assert report.baseline_s == pytest.approx(1.18 + 200 / 60)
    assert set(WORKLOADS) == {"published_latencies", "from_speeds"}


def test_an_own_mix_has_latency_and_cost() -> None:
    models = {
        "small": ModelSpeed(0.5, 100, input_usd_per_mtok=Decimal(1), output_usd_per_mtok=Decimal(2)),
        "big": ModelSpeed(1, 50, input_usd_per_mtok=Decimal(10), output_usd_per_mtok=Decimal(20)),
    }
    mix = (RequestMix("chat", 3, "small", 1000, 100), RequestMix("hard", 1, "big", 1000, 100))
    report = simulate_workload(Workload("own", mix, models, baseline="big"))
    assert report.routed_s == pytest.approx((3 * 1.5 + 3) / 4)
    assert report.faster == pytest.approx(1 - 1.875 / 3)
    assert report.routed_cost_usd == (3 * Decimal("0.0012") + Decimal("0.012")) / 4
    assert report.cheaper == pytest.approx(0.675)


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    workload = Workload("own", (RequestMix("chat", 1, "tiny"),), {"big": ModelSpeed()}, baseline="big")
    with pytest.raises(ValueError, match=r"no model 'tiny'.*known: big"):
        simulate_workload(workload)


def test_an_empty_mix_is_refused() -> None:
    with pytest.raises(ValueError, match="no requests"):
        simulate_workload(Workload("own", (), {"big": ModelSpeed()}, baseline="big"))
