"""The transport by aiohttp: it says of a failure what httpx says of it, and it leaves no connection behind."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import pytest

from langchain_modelrouter.dispatch.aiohttp_transport import AiohttpTransport
from langchain_modelrouter.testing import refused_url, unresolvable_url, untrusted_tls_url

CUT_SHORT = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello"


def client() -> httpx2.AsyncClient:
    transport: Any = AiohttpTransport(httpx2, ssl.create_default_context(), connections=10, idle_expiry_s=5.0)
    return httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(5.0, read=0.3))


@asynccontextmanager
async def server_of(raw: bytes, *, hangs: bool = False) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Give the URL of a server that sends `raw` and closes, or waits for its client to, and what tells when it has."""
    is_over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        if hangs:
            await reader.read()
        writer.close()
        is_over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", is_over


async def asked(raw: bytes, *, hangs: bool = False) -> bytes:
    """Return the body that a client reads."""
    async with server_of(raw, hangs=hangs) as (url, is_over):
        try:
            async with aclosing(client()) as http:
                return await (await http.get(url)).aread()
        finally:
            await asyncio.wait_for(is_over.wait(), 2)


async def test_a_response_is_what_was_sent() -> None:
    assert await asked(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello") == b"hello"


@pytest.mark.parametrize(
    ("raw", "hangs", "kind"),
    [
        (b"", False, httpx2.RemoteProtocolError),
        (b"", True, httpx2.ReadTimeout),
        (CUT_SHORT, False, httpx2.RemoteProtocolError),
        (CUT_SHORT, True, httpx2.ReadTimeout),
        (b"what is this?\r\n\r\n", False, httpx2.RemoteProtocolError),
    ],
)
async def test_a_broken_answer_is_told_as_httpx_tells_it(raw: bytes, hangs: bool, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await asked(raw, hangs=hangs)


@pytest.mark.parametrize("unreachable", [refused_url, unresolvable_url, untrusted_tls_url])
async def test_what_cannot_be_connected_to_is_no_timeout(unreachable: Any) -> None:
    with unreachable() as url:
        async with aclosing(client()) as http:
            with pytest.raises(httpx2.ConnectError) as caught:
                await http.get(url)
            assert caught.value.__cause__ is not None


async def test_a_body_that_is_left_closes_its_connection() -> None:
    async with server_of(CUT_SHORT, hangs=True) as (url, is_over), aclosing(client()) as http:
        async with http.stream("GET", url) as response:
            assert response.status_code == 200
        await asyncio.wait_for(is_over.wait(), 2)
