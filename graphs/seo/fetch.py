"""Fetching one page as a polite and careful stranger."""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx2

from graphs.seo.addresses import RefusedAddressError, resolve
from graphs.seo.page_error import PageError
from graphs.seo.parse_pool import ParsePool
from graphs.seo.parse_worker import ROBOT

USER_AGENT = f"{ROBOT}/1.0 (SEO page reader)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# RFC 9309, 2.5: a crawler reads at least 500 KiB of a robots.txt and may ignore the rest.
_ROBOTS_BYTES = 512_000
_ROBOTS_KEPT_S, _ROBOTS_KEPT = 600.0, 100


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much one page may cost us, its robots.txt and redirects included."""

    total_s: float = 20.0
    connect_s: float = 5.0
    raw_bytes: int = 4_000_000
    decoded_bytes: int = 10_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came: its last URL, its bytes decompressed, the charset that the header names."""

    url: str
    body: bytes
    charset: str | None


@dataclass(slots=True)
class Fetcher:
    """Fetches pages that robots.txt allows, from public addresses, within limits."""

    pool: ParsePool
    allow_private: bool = False
    limits: FetchLimits = field(default_factory=FetchLimits)
    _robots: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    async def fetch(self, url: str) -> Fetched:
        """Return the page.

        Raises:
            PageError: why it cannot be had.
        """
        try:
            async with asyncio.timeout(self.limits.total_s):
                return await self._page(url)
        except TimeoutError:
            reason = f"no complete answer within {self.limits.total_s:g} s"
        except (RefusedAddressError, RefusedError) as error:
            reason = str(error)
        except httpx2.InvalidURL as error:
            reason = f"not a usable URL: {error}"
        except httpx2.TimeoutException:
            reason = f"no connection within {self.limits.connect_s:g} s"
        except httpx2.HTTPError as error:
            reason = f"{_KINDS.get(type(error), 'the transfer failed')}: {error or type(error).__name__}"
        raise PageError(url, "fetch", reason)

    async def _page(self, url: str) -> Fetched:
        hop = httpx2.URL(url)
        for _ in range(self.limits.redirects + 1):
            _check_url(hop)
            await self._check_robots(hop)
            async with self._open(hop) as response:
                target = _redirect(hop, response)
                if target is None:
                    _check_answer(response)
                    body = await _capped(response, self.limits)
                    if not body.strip():
                        raise RefusedError("the page is empty")
                    return Fetched(str(hop), body, response.charset_encoding)
            hop = target
        raise RefusedError(f"more than {self.limits.redirects} redirects")

    async def _check_robots(self, url: httpx2.URL) -> None:
        origin = str(url.copy_with(raw_path=b"/robots.txt", fragment=None))
        read_at, rules = self._robots.get(origin, (0.0, b""))
        if time.monotonic() - read_at > _ROBOTS_KEPT_S or origin not in self._robots:
            rules = await self._robots_txt(httpx2.URL(origin))
            if len(self._robots) >= _ROBOTS_KEPT:
                self._robots.clear()
            self._robots[origin] = (time.monotonic(), rules)
        try:
            allowed = not rules.strip() or await self.pool.robots_allow(rules, url=str(url))
        except PageError as error:
            raise RefusedError(f"robots.txt of {url.host}: {error.error}") from error
        if not allowed:
            raise RefusedError(f"robots.txt of {url.host} does not allow it")

    async def _robots_txt(self, hop: httpx2.URL) -> bytes:
        """Return the rules; none where there is no such file (RFC 9309, 2.3.1)."""
        host = hop.host
        for _ in range(self.limits.redirects + 1):
            _check_url(hop)
            async with self._open(hop) as response:
                target = _redirect(hop, response)
                if target is None:
                    if response.status_code >= 500:
                        raise RefusedError(
                            f"robots.txt of {host} answers HTTP {response.status_code}, so nothing is allowed"
                        )
                    if response.status_code != 200:
                        return b""
                    return (await _capped(response, self.limits, cut=True))[:_ROBOTS_BYTES]
            hop = target
        return b""

    @asynccontextmanager
    async def _open(self, url: httpx2.URL) -> AsyncIterator[httpx2.Response]:
        """Ask for the URL at an address that was checked; the name goes into Host and TLS only.

        Each request has a connection of its own: a kept one would be found again by its address and
        so serve another host.
        """
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        addresses = await resolve(url.host, port, allow_private=self.allow_private)
        transport = httpx2.AsyncHTTPTransport(verify=await asyncio.to_thread(_tls))
        async with httpx2.AsyncClient(
            transport=transport,
            timeout=httpx2.Timeout(self.limits.total_s, connect=self.limits.connect_s),
            trust_env=False,
            follow_redirects=False,
        ) as client:
            response = await self._first_answer(client, url, [str(address) for address in addresses])
            try:
                yield response
            finally:
                await response.aclose()

    async def _first_answer(self, client: httpx2.AsyncClient, url: httpx2.URL, addresses: list[str]) -> httpx2.Response:
        for address in addresses:
            request = client.build_request(
                "GET",
                url.copy_with(host=address, fragment=None),
                headers={
                    "Host": url.netloc.decode("ascii"),
                    "User-Agent": USER_AGENT,
                    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
                    "Accept-Encoding": "gzip",
                },
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise AssertionError("a host that resolves has an address")


class RefusedError(Exception):
    """An answer that we do not take, and why."""


_KINDS: dict[type[Exception], str] = {
    httpx2.ConnectError: "cannot connect",
    httpx2.RemoteProtocolError: "the server broke off or does not speak HTTP",
    httpx2.ReadError: "the connection broke",
}


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings, built once: reading the certificates takes a while."""
    return httpx2.create_ssl_context()


def _check_url(url: httpx2.URL) -> None:
    if url.scheme not in {"http", "https"}:
        raise RefusedError(f"only http and https are fetched, not {url.scheme or 'a URL without scheme'}")
    if not url.host:
        raise RefusedError("the URL names no host")
    if url.userinfo:
        raise RefusedError("the URL holds a user name or password")


def _redirect(hop: httpx2.URL, response: httpx2.Response) -> httpx2.URL | None:
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    return hop.join(location)


def _check_answer(response: httpx2.Response) -> None:
    if response.status_code != 200:
        raise RefusedError(f"the server answers HTTP {response.status_code} {response.reason_phrase}")
    kind = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        raise RefusedError(f"not HTML but {kind or 'of no type'}")


async def _capped(response: httpx2.Response, limits: FetchLimits, *, cut: bool = False) -> bytes:
    """Return the body, decompressed; stop at the first byte too many, on the wire or after decompression.

    Args:
        cut: return what there is up to the limit instead of refusing.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip"}:
        raise RefusedError(f"compressed as {encoding}, which was not asked for")
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    body, raw_bytes = bytearray(), 0
    async for chunk in response.aiter_raw():
        raw_bytes += len(chunk)
        try:
            body += inflate.decompress(chunk, limits.decoded_bytes + 1 - len(body)) if inflate else chunk
        except zlib.error as error:
            raise RefusedError("broken gzip data") from error
        too_many = raw_bytes > limits.raw_bytes or len(body) > limits.decoded_bytes
        if too_many and cut:
            break
        if raw_bytes > limits.raw_bytes:
            raise RefusedError(f"larger than {limits.raw_bytes / 1e6:g} MB")
        if too_many:
            raise RefusedError(f"larger than {limits.decoded_bytes / 1e6:g} MB when decompressed")
    return bytes(body)
