"""Serves the four sample pages on loopback, so that the pipeline has real HTML to read offline."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).parent / "sample_site"
KEYWORD = "e-bike maintenance"
_TARGET = "harbour-wheels.html"
_COMPETITORS = ("volt-workshop.html", "ride-electric.html", "pedal-and-plug.html")


@dataclass(frozen=True, slots=True)
class SampleSite:
    """Where the sample pages are served."""

    target: str
    competitors: tuple[str, ...]
    keyword: str = KEYWORD


@contextmanager
def served_sample_site(folder: Path = FOLDER) -> Iterator[SampleSite]:
    """Serve the sample pages on a free port of 127.0.0.1 while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sample-site", daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield SampleSite(f"{base}/{_TARGET}", tuple(f"{base}/{name}" for name in _COMPETITORS))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
