"""Rows 8-12: no conversation comes about."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from langchain_modelrouter.testing import refused_url, unanswered_url, unresolvable_url, untrusted_tls_url
from tests.doors import Door
from tests.faults.kit import Bench, ask, fell_back


async def fell_back_at_once(bench: Bench, door: Door, url: Callable[[], AbstractContextManager[str]]) -> str:
    """Check that a provider at that address is left at once, and return what the record says of it."""
    with url() as address:
        asked = await ask(door, bench.router(urls={"alpha": address}))
    fell_back(asked, "one", "two")
    assert asked.seconds < 1.5
    return str(asked.attempts[0].error)


async def test_fault_08_connection_refused(bench: Bench, door: Door) -> None:
    assert "refused" in await fell_back_at_once(bench, door, refused_url)


async def test_fault_09_dns_failure(bench: Bench, door: Door) -> None:
    assert "host name not found" in await fell_back_at_once(bench, door, unresolvable_url)


async def test_fault_09_the_resolver_runs_off_the_event_loop(bench: Bench) -> None:
    with unresolvable_url(delay_s=0.3) as address:
        router = bench.router(urls={"alpha": address})
        call = asyncio.create_task(router.ainvoke("hi"))
        longest_s, last = 0.0, time.monotonic()
        while not call.done():
            await asyncio.sleep(0.005)
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
    assert (await call).text
    assert longest_s < 0.25


async def test_fault_10_bad_tls_certificate(bench: Bench, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "langchain_modelrouter"):
        assert "TLS" in await fell_back_at_once(bench, door, untrusted_tls_url)
    assert "one: OpenAIConnectionError: TLS failed" in caplog.text


async def test_fault_11_connect_timeout(bench: Bench, door: Door) -> None:
    await fell_back_at_once(bench, door, unanswered_url)


async def test_fault_12_read_timeout(bench: Bench, door: Door) -> None:
    bench.fault("one", "no_reply")
    asked = await ask(door, bench.router(providers={"alpha": {"timeout_s": 0.3}, "beta": {}}))
    fell_back(asked, "one", "two")
    assert 0.25 < asked.seconds < 1.5


async def test_fault_12_no_fallback_where_the_deadline_does_not_allow_it(bench: Bench, door: Door) -> None:
    bench.fault("*", "no_reply")
    router = bench.router()
    asked = await ask(door, router, deadline_s=0.2)
    assert asked.models == ["one"]
    assert asked.kinds == ["timeout"]
    assert asked.seconds < 1.0
    assert "within the deadline of 0.2 s" in str(asked.error)
    assert (router.health()["one"].failures, router.health()["one"].state) == (0, "closed")


async def test_fault_12_an_outer_calls_deadline_holds_for_a_router_within(bench: Bench, door: Door) -> None:
    bench.fault("*", "no_reply")
    inner = bench.router()
    outer = bench.over(
        {
            "extends": "none",
            "preset": "p",
            "providers": {"inner": {"kind": "custom"}},
            "models": {"nested": {"provider": "inner", "api_name": "nested"}},
            "presets": {"p": {"default": "nested"}},
            "retry": {"same_model": 0},
        },
        clients={"nested": inner},
    )
    asked = await ask(door, outer, deadline_s=0.3)
    assert asked.answer is None
    assert asked.seconds < 1.0
