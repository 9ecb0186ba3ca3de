"""The HTTP connections under the clients that we build.

One pool per provider for all threads, and one per provider and event loop. Blocking reads end at the alarm of
their thread, so that a deadline and a first-token timer hold for sync calls too, even where a server keeps the
connection warm with comments.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from math import inf
from time import monotonic
from types import ModuleType
from typing import Any
from urllib.request import getproxies

MAX_CONNECTIONS = 1000
MAX_IDLE_CONNECTIONS = 200
IDLE_EXPIRY_S = 30.0


class Alarm(threading.local):
    """When the blocking operation of this thread must end, on the monotonic clock."""

    at: float = inf

    def left_s(self, timeout_s: float | None) -> float | None:
        """Return `timeout_s` cut to what the alarm leaves; at least a millisecond, so that it times out by itself."""
        if self.at == inf:
            return timeout_s
        left_s = self.at - monotonic()
        return max(0.001, left_s if timeout_s is None else min(timeout_s, left_s))


alarm = Alarm()

headers_heard: ContextVar[Callable[[Mapping[str, str]], object] | None] = ContextVar(
    "who is told headers", default=None
)
"""Told the rate-limit headers of each response to the attempt that is under way in this context."""


def _tell_headers(response: Any) -> None:
    tell = headers_heard.get()
    if tell is None:
        return
    headers = {name.lower(): value for name, value in response.headers.items()}
    if any("ratelimit" in name for name in headers):
        tell(headers)


async def _atell_headers(response: Any) -> None:
    _tell_headers(response)


def http_library() -> ModuleType:
    """Return the HTTP library of the installed OpenAI SDK: httpx2 for openai 3, httpx for openai 2."""
    openai = import_module("openai")
    own = {"httpx", "httpx2"}
    names = (cls.__module__.partition(".")[0] for cls in openai.DefaultHttpxClient.__mro__)
    return sys.modules[next(name for name in names if name in own)]


@cache
def _tls() -> Any:
    """The trust store, read once for all pools, since that takes 20 ms."""
    return http_library().create_ssl_context()


def sync_http_client() -> Any:
    """Return a client whose blocking reads and connects end at the thread's alarm."""
    http = http_library()
    transport = http.HTTPTransport(verify=_tls())
    transport._pool = _core(http).ConnectionPool(
        ssl_context=_tls(),
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_IDLE_CONNECTIONS,
        keepalive_expiry=IDLE_EXPIRY_S,
        network_backend=_alarmed_backend(_core(http)),
    )
    return http.Client(transport=transport, follow_redirects=True, event_hooks={"response": [_tell_headers]})


def async_http_client() -> Any:
    """Return a client with a tuned pool; it belongs to the event loop that first uses it.

    It goes by aiohttp where that is installed (extra `aiohttp`) and no proxy is set, which only httpx heeds as we want.
    """
    http = http_library()
    hooks = {"response": [_atell_headers]}
    if find_spec("aiohttp") is not None and not getproxies():
        by_aiohttp = import_module("langchain_modelrouter.dispatch.aiohttp_transport").AiohttpTransport
        transport = by_aiohttp(http, _tls(), connections=MAX_CONNECTIONS, idle_expiry_s=IDLE_EXPIRY_S)
        return http.AsyncClient(transport=transport, follow_redirects=True, event_hooks=hooks)
    limits = http.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_IDLE_CONNECTIONS,
        keepalive_expiry=IDLE_EXPIRY_S,
    )
    return http.AsyncClient(verify=_tls(), limits=limits, follow_redirects=True, event_hooks=hooks)


def _core(http: ModuleType) -> ModuleType:
    return import_module("httpcore2" if http.__name__ == "httpx2" else "httpcore")


def _alarmed_backend(core: ModuleType) -> Any:
    """Return a network backend over the library's own, whose streams heed the alarm."""
    plain = core.SyncBackend()

    class AlarmedStream(core.NetworkStream):  # type: ignore[misc, name-defined]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._stream.read(max_bytes, alarm.left_s(timeout))  # type: ignore[no-any-return]

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._stream.write(buffer, alarm.left_s(timeout))

        def close(self) -> None:
            self._stream.close()

        def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
            return AlarmedStream(self._stream.start_tls(ssl_context, server_hostname, alarm.left_s(timeout)))

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    class AlarmedBackend(core.NetworkBackend):  # type: ignore[misc, name-defined]
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> Any:
            return AlarmedStream(plain.connect_tcp(host, port, alarm.left_s(timeout), local_address, socket_options))

        def sleep(self, seconds: float) -> None:
            plain.sleep(seconds)

    return AlarmedBackend()
