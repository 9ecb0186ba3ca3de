"""Rows 1-7: what a provider's status says."""

import logging

import pytest

from langchain_modelrouter.simulator import Fault
from tests.doors import Door
from tests.faults.kit import Bench, ask, fell_back, rows_of


async def test_fault_01_rate_limited_with_retry_after(bench: Bench, door: Door) -> None:
    bench.fault("one", "rate_limited")
    router = bench.router()
    asked = await ask(door, router)
    fell_back(asked, "one", "two")
    assert asked.seconds < 1.5
    assert 1.0 < router.health()["one"].resting_s <= 2.0
    fell_back(await ask(door, router), "two")
    assert bench.calls("one") == [1]


async def test_fault_01_the_headroom_is_known_before_it_is_used_up(bench: Bench, door: Door) -> None:
    told = {"limit": "10", "remaining": "3", "reset": "60s"}
    headers = tuple((f"x-ratelimit-{name}-requests", value) for name, value in told.items())
    bench.fault("one", Fault(status=500, headers=headers))
    router = bench.router()
    fell_back(await ask(door, router), "one", "one", "two")
    assert router.health()["one"].headroom == 0.3
    assert router.health()["two"].headroom == 1.0


async def test_fault_02_rate_limited_without_a_header(bench: Bench, door: Door) -> None:
    bench.fault("one", "rate_limited_no_header")
    fell_back(await ask(door, bench.router()), "one", "two")


async def test_fault_02_where_nobody_else_is_left_it_is_waited_for_and_charged_to_the_budget(
    bench: Bench, door: Door
) -> None:
    bench.fault("*", Fault(status=429), times=1)
    router = bench.router(presets={"mine": {"default": "one"}})
    fell_back(await ask(door, router), "one", "one")
    for _ in range(2):
        bench.fault("*", Fault(status=429), times=1)
        fell_back(await ask(door, router), "one", "one")
    bench.fault("*", Fault(status=429), times=1)
    asked = await ask(door, router)
    assert asked.kinds == ["rate_limited"]


@pytest.mark.parametrize(
    ("fault", "rest_s"),
    [
        ("rate_limited_an_hour", 3600),
        ("rate_limited_date", 86_400),
        ("rate_limited_negative", 0),
        ("rate_limited_junk", 0),
    ],
)
async def test_fault_03_a_long_or_senseless_retry_after(bench: Bench, door: Door, fault: str, rest_s: float) -> None:
    bench.fault("one", fault)
    router = bench.router()
    asked = await ask(door, router)
    fell_back(asked, "one", "two")
    assert asked.seconds < 1.5
    assert router.health()["one"].resting_s == pytest.approx(rest_s, abs=3)


async def test_fault_03_a_long_retry_after_is_not_slept_out_where_nobody_else_is_left(bench: Bench, door: Door) -> None:
    bench.fault("one", "rate_limited_an_hour")
    asked = await ask(door, bench.router(presets={"mine": {"default": "one"}}))
    assert asked.kinds == ["rate_limited"]
    assert asked.seconds < 1.5
    assert asked.error.retry_after_s == pytest.approx(3600, abs=3)  # type: ignore[union-attr]


async def test_fault_04_the_quota_is_used_up(bench: Bench, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    bench.fault("two", "quota_exceeded")
    router = bench.router(presets={"mine": {"default": ["two", "wide", "one"]}})
    with caplog.at_level(logging.ERROR, "langchain_modelrouter"):
        asked = await ask(door, router)
    fell_back(asked, "two", "one")
    assert "two" in caplog.text
    assert "quota" in caplog.text
    fell_back(await ask(door, router), "one")
    assert bench.calls("two", "wide") == [1, 0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_fault_05_server_errors(bench: Bench, door: Door, status: int) -> None:
    bench.fault("one", Fault(status=status))
    router = bench.router()
    fell_back(await ask(door, router), "one", "one", "two")


async def test_fault_05_one_retry_is_enough_where_it_was_a_moments_failure(bench: Bench, door: Door) -> None:
    bench.fault("one", "server_error", times=1)
    fell_back(await ask(door, bench.router()), "one", "one")


async def test_fault_05_everywhere_lists_every_attempt(bench: Bench, door: Door) -> None:
    bench.fault("*", "unavailable")
    asked = await ask(door, bench.router())
    assert asked.models == ["one", "one", "two", "wide"]
    assert asked.kinds == ["server_error"] * 4
    assert all(row.attempt.model in str(asked.error) for row in asked.rows)


async def test_fault_05_a_retry_after_is_waited_for_only_where_nobody_else_is_left(bench: Bench, door: Door) -> None:
    bench.fault("one", Fault(status=503, retry_after=0.3))
    fell_back(await ask(door, bench.router()), "one", "two")
    bench.simulator.clear()
    bench.fault("one", Fault(status=503, retry_after=0.3), times=1)
    asked = await ask(door, bench.router(presets={"mine": {"default": "one"}}))
    fell_back(asked, "one", "one")
    assert asked.seconds >= 0.3


async def test_fault_06_overloaded(bench: Bench, door: Door) -> None:
    bench.fault("one", "overloaded")
    router = bench.router(routing={"sticky": False})
    for _ in range(5):
        fell_back(await ask(door, router), "one", "two")
    assert router.health()["one"].state == "open"
    fell_back(await ask(door, router), "two")


async def test_fault_07_bad_gateway_with_html(bench: Bench, door: Door) -> None:
    bench.fault("one", "bad_gateway_html")
    router = bench.router()
    fell_back(await ask(door, router), "one", "one", "two")
    assert all("<html" not in (row.attempt.error or "") for row in rows_of(router))
