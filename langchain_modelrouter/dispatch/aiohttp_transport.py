"""Requests of an async HTTP client by aiohttp, which takes half the processor time of httpx's own transport.

Imported only where aiohttp is installed. The SDK has such a transport as well, but it takes a refused connection, an
unknown host and an untrusted certificate for timeouts, and a failure is classified by what it is.
"""

from collections.abc import AsyncIterator
from functools import cache
from ssl import SSLContext
from types import ModuleType
from typing import Any

import aiohttp


def told(error: Exception, http: ModuleType) -> Exception:
    """Return the error of the HTTP library that says what an error of aiohttp says."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            kind = http.ConnectTimeout
        case TimeoutError():
            kind = http.ReadTimeout
        case aiohttp.ClientConnectorError():
            kind = http.ConnectError
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            kind = http.RemoteProtocolError
        case aiohttp.InvalidURL():
            kind = http.UnsupportedProtocol
        case _:
            kind = http.ReadError
    said: Exception = kind(str(error))
    return said


class AiohttpTransport:
    """The transport of one client on one event loop."""

    def __init__(self, http: ModuleType, tls: SSLContext, *, connections: int, idle_expiry_s: float) -> None:
        self._http, self._tls = http, tls
        self._connections, self._idle_expiry_s = connections, idle_expiry_s
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: Any) -> Any:
        """Return the response to `request`, its body still to be read."""
        timeout = request.extensions.get("timeout", {})
        limits = aiohttp.ClientTimeout(
            connect=timeout.get("pool"), sock_connect=timeout.get("connect"), sock_read=timeout.get("read")
        )
        try:
            response = await self._opened().request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=limits,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise told(error, self._http) from error
        return self._http.Response(
            response.status,
            headers=response.raw_headers,
            stream=_body_class(self._http)(response),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": (response.reason or "").encode()},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Return the session, which belongs to the event loop that first asks for it."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                ssl=self._tls, limit=self._connections, keepalive_timeout=self._idle_expiry_s
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session


@cache
def _body_class(http: ModuleType) -> type[Any]:
    class Body(http.AsyncByteStream):  # type: ignore[misc, name-defined]
        """The body of a response, as it comes."""

        def __init__(self, response: aiohttp.ClientResponse) -> None:
            self._response = response

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for piece in self._response.content.iter_any():
                    yield piece
            except (aiohttp.ClientError, TimeoutError) as error:
                raise told(error, http) from error

        async def aclose(self) -> None:
            self._response.close()

    return Body
