"""Rows 13-15: the provider takes the request and then keeps silent, or talks of nothing."""

from typing import Any

import pytest

from tests.doors import DOORS, STREAM_DOORS, Door
from tests.faults.kit import Bench, ask, fell_back

SHORT_ANSWERS: dict[str, Any] = {"providers": {"alpha": {"timeout_s": 0.4}, "beta": {}}}
"""`invoke` cannot see a first token: there the provider's `timeout_s` ends the wait, whatever keeps the line warm."""


async def left_in_time(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    asked = await ask(door, bench.router(**SHORT_ANSWERS))
    fell_back(asked, "one", "two")
    assert 0.25 < asked.seconds < 1.5
    assert asked.attempts[0].ttft_s is None


async def test_fault_13_hang_before_first_token(bench: Bench, door: Door) -> None:
    await left_in_time(bench, door, "hang_before_first_token")


async def test_fault_14_hang_after_the_role_delta(bench: Bench, door: Door) -> None:
    await left_in_time(bench, door, "hang_after_role")


async def test_fault_15_keepalive_comments_only(bench: Bench, door: Door) -> None:
    await left_in_time(bench, door, "keepalive_only")


@pytest.mark.parametrize("fault", ["hang_before_first_token", "hang_after_role", "keepalive_only"])
@pytest.mark.parametrize("door", STREAM_DOORS)
async def test_fault_13_the_first_token_timer_counts_against_the_model(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    router = bench.router(limits={"ttft_timeout_s": 0.1}, breaker={"consecutive_failures": 2})
    for _ in range(2):
        fell_back(await ask(door, router), "one", "two")
    assert router.health()["one"].state == "open"


@pytest.mark.parametrize("fault", ["hang_before_first_token", "hang_after_role", "keepalive_only"])
@pytest.mark.parametrize("door", DOORS)
async def test_fault_13_the_deadline_holds_in_a_hang(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("*", fault)
    asked = await ask(door, bench.router(limits={"ttft_timeout_s": 5}), deadline_s=0.3)
    assert asked.kinds == ["timeout"]
    assert asked.seconds < 1.0
