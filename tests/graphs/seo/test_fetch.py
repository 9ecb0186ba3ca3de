import asyncio
import gzip
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from graphs.seo.fetch import Fetcher
from graphs.seo.page_error import PageError
from langchain_modelrouter.testing import untrusted_tls_url

Reply = Callable[..., Any]


async def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(PageError) as caught:
        await fetcher.fetch(url)
    assert caught.value.url == url
    assert caught.value.stage == "fetch"
    assert "\n" not in caught.value.error
    return caught.value.error


async def test_fetches_a_page_and_says_who_asks(fetcher: Fetcher, server: Any) -> None:
    page = await fetcher.fetch(server.add("/a", "<p>hello"))
    assert page.body == b"<p>hello"
    assert [path for path, _ in server.asked] == ["/robots.txt", "/a"]
    assert all("langchain-modelrouter" in headers["user-agent"] for _, headers in server.asked)
    assert all(headers["host"] == server.base.removeprefix("http://") for _, headers in server.asked)


async def test_the_name_is_resolved_once_and_the_connection_goes_there(
    fetcher: Fetcher, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    port = int(server.base.rpartition(":")[2])

    async def rebinding(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebinding)
    server.add("/a", "<p>x")
    await fetcher.fetch(f"http://pinned.example:{port}/a")
    # One look-up for robots.txt and one for the page; the connection itself asks for no name.
    assert [host for host in asked if host == "pinned.example"] == ["pinned.example"] * 2
    assert server.asked[-1][1]["host"] == f"pinned.example:{port}"


async def test_loopback_is_refused_unless_allowed(fetcher: Fetcher, server: Any) -> None:
    url = server.add("/a", "<p>x")
    careful = replace(fetcher, allow_private=False)
    assert "127.0.0.1, which is not a public address" in await refusal(careful, url)
    assert server.asked == []


async def test_a_redirect_to_a_private_address_is_refused(
    fetcher: Fetcher, server: Any, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.base.rpartition(":")[2])
    url = server.add("/a", reply(status=302, Location="http://metadata.example/latest"))

    def public(address: object) -> bool:
        return str(address) == "127.0.0.1"

    async def lookup(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("169.254.169.254" if host == "metadata.example" else "127.0.0.1", port))]

    monkeypatch.setattr("graphs.seo.addresses.is_public", public)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    assert "169.254.169.254, which is not a public address" in await refusal(replace(fetcher, allow_private=False), url)


@pytest.mark.parametrize(
    "target", ["ftp://example.org/x", "file:///etc/passwd", "gopher://x/", "http://u:p@127.0.0.1/"]
)
async def test_a_redirect_may_not_change_what_is_allowed(
    fetcher: Fetcher, server: Any, reply: Reply, target: str
) -> None:
    url = server.add("/a", reply(status=301, Location=target))
    assert "only http and https" in (error := await refusal(fetcher, url)) or "user name" in error


async def test_redirects_are_followed_up_to_the_limit(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    server.add("/end", "<p>there")
    first = server.add("/one", reply(status=302, Location="/two"))
    server.add("/two", reply(status=308, Location="/end"))
    assert (await fetcher.fetch(first)).url == f"{server.base}/end"
    loop = server.add("/loop", reply(status=302, Location="/loop"))
    assert await refusal(fetcher, loop) == "more than 3 redirects"


async def test_robots_txt_is_obeyed_and_asked_once(fetcher: Fetcher, server: Any) -> None:
    server.add("/robots.txt", "User-agent: *\nDisallow: /no\n")
    allowed, refused = server.add("/yes", "<p>x"), server.add("/no/page", "<p>x")
    await fetcher.fetch(allowed)
    assert "robots.txt of 127.0.0.1 does not allow it" in await refusal(fetcher, refused)
    assert [path for path, _ in server.asked] == ["/robots.txt", "/yes"]


async def test_robots_txt_of_the_redirect_target_counts(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    server.add("/robots.txt", "User-agent: *\nDisallow: /no\n")
    server.add("/no", "<p>x")
    assert "does not allow it" in await refusal(fetcher, server.add("/a", reply(status=302, Location="/no")))


async def test_a_failing_robots_txt_allows_nothing(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    server.add("/robots.txt", reply(status=503))
    assert "robots.txt of 127.0.0.1 answers HTTP 503" in await refusal(fetcher, server.add("/a", "<p>x"))


async def test_a_huge_robots_txt_is_cut_and_costs_little(fetcher: Fetcher, server: Any) -> None:
    server.add("/robots.txt", b"User-agent: *\nDisallow: /no\n" + b"# filler\n" * 100_000)
    assert "does not allow it" in await refusal(fetcher, server.add("/no", "<p>x"))
    assert (await fetcher.fetch(server.add("/yes", "<p>x"))).body == b"<p>x"


@pytest.mark.parametrize(
    ("kind", "said"),
    [("application/pdf", "not HTML but application/pdf"), ("text/plain; charset=utf-8", "not HTML but text/plain")],
)
async def test_what_is_not_html_is_refused(fetcher: Fetcher, server: Any, reply: Reply, kind: str, said: str) -> None:
    assert await refusal(fetcher, server.add("/a", reply(b"x", kind=kind))) == said


async def test_a_page_without_a_type_is_taken(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    assert (await fetcher.fetch(server.add("/a", reply(b"<p>x", kind=None)))).body == b"<p>x"


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
async def test_an_error_status_is_said(fetcher: Fetcher, server: Any, reply: Reply, status: int) -> None:
    assert f"the server answers HTTP {status}" in await refusal(fetcher, server.add("/a", reply(b"x", status=status)))


async def test_an_empty_page_is_said(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    assert await refusal(fetcher, server.add("/a", reply(b" \n "))) == "the page is empty"


async def test_a_huge_page_is_refused(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    assert await refusal(fetcher, server.add("/a", reply(b"x" * 5_000_000))) == "larger than 2 MB"


async def test_a_gzip_bomb_is_stopped_early(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    bomb = gzip.compress(b"\0" * 100_000_000)
    assert len(bomb) < 200_000
    url = server.add("/a", reply(bomb, Content_Encoding="gzip"))
    assert await refusal(fetcher, url) == "larger than 3 MB when decompressed"


async def test_a_gzipped_page_is_read(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    url = server.add("/a", reply(gzip.compress(b"<p>small"), Content_Encoding="gzip"))
    assert (await fetcher.fetch(url)).body == b"<p>small"


@pytest.mark.parametrize(
    ("body", "encoding", "said"),
    [
        (b"not gzip", "gzip", "broken gzip data"),
        (b"anything", "br", "compressed as br, which was not asked for"),
        (zlib.compress(b"x"), "deflate", "compressed as deflate, which was not asked for"),
    ],
)
async def test_other_compression_is_refused(
    fetcher: Fetcher, server: Any, reply: Reply, body: bytes, encoding: str, said: str
) -> None:
    assert await refusal(fetcher, server.add("/a", reply(body, Content_Encoding=encoding))) == said


async def test_a_page_that_drips_ends_with_the_time_limit(fetcher: Fetcher, server: Any) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        for _ in range(50):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)

    started = time.monotonic()
    assert await refusal(fetcher, server.add("/a", drip)) == "no complete answer within 1.5 s"
    assert time.monotonic() - started < 2.5


async def test_a_robots_txt_that_hangs_ends_with_the_time_limit(fetcher: Fetcher, server: Any) -> None:
    server.add("/robots.txt", lambda request: time.sleep(3))
    assert await refusal(fetcher, server.add("/a", "<p>x")) == "no complete answer within 1.5 s"


async def test_an_unreachable_server_is_said(fetcher: Fetcher) -> None:
    assert "cannot connect" in await refusal(fetcher, "http://127.0.0.1:9/")


async def test_a_certificate_that_nobody_trusts_is_refused(fetcher: Fetcher) -> None:
    with untrusted_tls_url() as url:
        assert "certificate verify failed" in await refusal(fetcher, url)


async def test_a_server_that_speaks_no_http_is_said(fetcher: Fetcher, server: Any) -> None:
    url = server.add("/a", lambda request: request.wfile.write(b"220 smtp ready\r\n"))
    assert "does not speak HTTP" in await refusal(fetcher, url)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://example.org", "http://", "http://[", "http://exa mple/", "//x"])
async def test_what_is_no_url_is_said(fetcher: Fetcher, url: str) -> None:
    assert await refusal(fetcher, url)


async def test_the_charset_of_the_header_is_kept(fetcher: Fetcher, server: Any, reply: Reply) -> None:
    page = await fetcher.fetch(server.add("/a", reply(b"\xe9", kind="text/html; charset=ISO-8859-2")))
    assert page.charset == "iso-8859-2"
