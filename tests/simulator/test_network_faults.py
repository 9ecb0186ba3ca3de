import asyncio
import socket
import threading
import time

import httpx2
import pytest

from langchain_modelrouter.simulator.network_faults import (
    refused_url,
    unanswered_url,
    unresolvable_url,
    untrusted_tls_url,
)


def test_a_refused_port_refuses_at_once() -> None:
    with refused_url() as url, pytest.raises(httpx2.ConnectError, match="refused"):
        httpx2.get(url, timeout=5)


def test_a_host_without_address_is_not_found() -> None:
    real = socket.getaddrinfo
    with unresolvable_url() as url:
        with pytest.raises(httpx2.ConnectError, match="not known"):
            httpx2.get(url, timeout=5)
        assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo is real


async def test_a_slow_resolver_does_not_hold_up_the_event_loop() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with unresolvable_url(delay_s=0.3) as url:
        async with httpx2.AsyncClient() as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get(url)
    ticking.cancel()
    assert ticks > 5


def test_a_certificate_that_nobody_trusts_is_refused() -> None:
    threads = threading.active_count()
    with untrusted_tls_url() as url:
        for _ in range(2):
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx2.get(url, timeout=5)
    assert threading.active_count() == threads


def test_a_host_that_does_not_answer_times_out_in_connecting() -> None:
    began = time.monotonic()
    with unanswered_url() as url, pytest.raises(httpx2.ConnectTimeout):
        httpx2.get(url, timeout=httpx2.Timeout(5, connect=0.3))
    assert time.monotonic() - began < 3
