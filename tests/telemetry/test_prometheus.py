from typing import Any

import pytest

from langchain_modelrouter.telemetry.prometheus import PrometheusMetrics
from tests.dispatch.test_ledger import attempt, row
from tests.doors import Door, router_over, scripted


def value(text: str, start: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return float(line.rpartition(" ")[2])


async def test_it_counts_the_attempts_of_a_router(door: Door) -> None:
    metrics = PrometheusMetrics()
    router = router_over(scripted(ConnectionError("no"), name="alpha"), scripted("yes", name="beta"))
    router.listen(metrics.count)
    await door(router.for_task("general"), "hi")
    text, beta = metrics.text(), '{model="beta",provider="beta-provider"'
    assert value(text, 'modelrouter_attempts_total{model="alpha"') == 1
    assert value(text, f'modelrouter_attempts_total{beta},task="general",outcome="ok",role="reply"}}') == 1
    assert value(text, f'modelrouter_tokens_total{beta},task="general",direction="output"}}') > 0
    assert value(text, f'modelrouter_unpriced_attempts_total{beta},task="general"}}') == 1
    assert value(text, f"modelrouter_attempt_duration_seconds_count{beta}}}") == 1


def test_money_adds_up_exactly_and_buckets_are_cumulative() -> None:
    metrics = PrometheusMetrics()
    for latency_s in (0.005, 0.5, 1000.0):
        metrics.count(row(attempt=attempt("0.1", latency_s=latency_s)))
    text = metrics.text()
    assert value(text, "modelrouter_cost_usd_total{") == 0.3
    buckets = [line for line in text.splitlines() if "_bucket{" in line]
    assert [int(line.rpartition(" ")[2]) for line in buckets] == sorted(
        int(line.rpartition(" ")[2]) for line in buckets
    )
    assert value(text, 'modelrouter_attempt_duration_seconds_bucket{model="m",provider="p",le="0.64"}') == 2
    assert value(text, 'modelrouter_attempt_duration_seconds_bucket{model="m",provider="p",le="+Inf"}') == 3


def test_labels_are_escaped() -> None:
    metrics = PrometheusMetrics()
    metrics.count(row(task='a"b\\c\nd'))
    assert r'task="a\"b\\c\nd"' in metrics.text()


async def test_a_listener_that_fails_fails_no_call(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_row: Any) -> None:
        raise ValueError("broken listener")

    router = router_over(scripted("yes", name="alpha"))
    router.listen(broken)
    assert (await door(router, "hi")).text == "yes"
    assert "A listener failed" in caplog.text
