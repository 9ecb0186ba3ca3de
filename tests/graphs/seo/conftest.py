"""Real HTTP on loopback: pages that behave as a test says, and models that answer from the simulator."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from graphs.seo.fetch import Fetcher, FetchLimits
from graphs.seo.parse_pool import ParsePool
from graphs.seo.reader import Reader
from graphs.seo.sample_server import SampleSite, served_sample_site
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import fault_server

Answer = Callable[[BaseHTTPRequestHandler], None]


class PageServer:
    """Pages by path; a page is its HTML, or a function that answers the request itself."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.pages: dict[str, str | bytes | Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def add(self, path: str, page: str | bytes | Answer) -> str:
        """Serve the page there and return its URL."""
        self.pages[path] = page
        return self.base + path

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        page = self.pages.get(request.path)
        if callable(page):
            page(request)
        elif page is None:
            answer(request, b"nothing here", status=404, kind="text/plain")
        else:
            answer(request, page.encode() if isinstance(page, str) else page)


def answer(
    request: BaseHTTPRequestHandler,
    body: bytes,
    *,
    status: int = 200,
    kind: str | None = "text/html",
    **headers: str,
) -> None:
    """Send one whole answer; `headers` are written with `-` for `_`."""
    request.send_response(status)
    if kind is not None:
        request.send_header("Content-Type", kind)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    try:
        request.wfile.write(body)
    except (BrokenPipeError, ConnectionResetError):
        return


@pytest.fixture
def reply() -> Callable[..., Answer]:
    """Return a maker of answers: `reply(b"...", status=500)`."""

    def make(body: bytes = b"", **options: Any) -> Answer:
        return lambda request: answer(request, body, **options)

    return make


@pytest.fixture
def server() -> Iterator[PageServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages.handle(self)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            return

    http = Server(("127.0.0.1", 0), Handler)
    pages = PageServer(http.server_port)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield pages
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(scope="session")
def pool() -> Iterator[ParsePool]:
    pool = ParsePool(workers=2, cpu_s=2.0)
    yield pool
    pool.close()


@pytest.fixture
def limits() -> FetchLimits:
    return FetchLimits(total_s=1.5, connect_s=1.0, raw_bytes=2_000_000, decoded_bytes=3_000_000, redirects=3)


@pytest.fixture
def fetcher(pool: ParsePool, limits: FetchLimits) -> Fetcher:
    return Fetcher(pool, allow_private=True, limits=limits)


@pytest.fixture
def reader(pool: ParsePool, limits: FetchLimits) -> Reader:
    return Reader(allow_private=True, limits=limits, pool=pool)


@pytest.fixture
def sample_site() -> Iterator[SampleSite]:
    with served_sample_site() as site:
        yield site


@pytest.fixture
def simulated() -> Iterator[tuple[Simulator, RouterChatModel]]:
    with fault_server() as (simulator, config):
        yield simulator, RouterChatModel(config)
