"""Parsing in worker processes that can be killed, so that no page can hang or swell the program."""

import asyncio
import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, cast

from graphs.seo.page_error import PageError
from graphs.seo.page_facts import PageFacts

_ROOT = Path(__file__).resolve().parents[2]
_OUT_OF_CPU = getattr(signal, "SIGPROF", 0)
_START = "import sys; sys.path.insert(0, sys.argv[1]); from graphs.seo.parse_worker import main; main()"
# No keys, tokens or proxies: what a parser cannot see, a page cannot steal.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "VIRTUAL_ENV")


class ParsePool:
    """A few workers, started when first needed and used again; bound to no event loop."""

    def __init__(self, *, workers: int = 2, cpu_s: float = 5.0, timeout_s: float = 30.0) -> None:
        """Make a pool.

        Args:
            cpu_s: how much processor time one page may take; a busy machine makes no page hostile.
            timeout_s: how long one page may take at all.
        """
        self.cpu_s, self.timeout_s = cpu_s, timeout_s
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="parse-pool")
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()

    async def facts(self, body: bytes, *, charset: str | None, url: str) -> PageFacts:
        """Return the facts about a page.

        Raises:
            PageError: the page is not to be parsed within the limits of time and memory.
        """
        return cast(PageFacts, await self._ask({"ask": "facts", "charset": charset, "url": url}, body))

    async def robots_allow(self, robots_txt: bytes, *, url: str) -> bool:
        """Whether the robots.txt lets us fetch the URL."""
        return cast(bool, await self._ask({"ask": "robots", "url": url}, robots_txt))

    def close(self) -> None:
        """End the idle workers; the busy ones end with their page."""
        self._threads.shutdown(wait=True)
        while not self._idle.empty():
            _end(self._idle.get_nowait())

    async def _ask(self, request: dict[str, Any], body: bytes) -> object:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._answer, request, body)
        if "error" in answer:
            raise PageError(request["url"], "parse", answer["error"])
        return answer["result"]

    def _answer(self, request: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Ask one worker, in a thread; a worker that takes too long is killed by the timer."""
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _started()
        late = threading.Event()
        timer = threading.Timer(self.timeout_s, _kill, (worker, late))
        timer.start()
        line = b""
        try:
            line = _exchange(worker, request, body, self.cpu_s)
        finally:
            timer.cancel()
            if line.endswith(b"\n") and not late.is_set():
                self._idle.put(worker)
            else:
                _end(worker)
        if line.endswith(b"\n"):
            return cast("dict[str, Any]", json.loads(line))
        if late.is_set() or worker.returncode == -_OUT_OF_CPU:
            limit_s = self.timeout_s if late.is_set() else self.cpu_s
            return {"error": f"parsing took longer than {limit_s:g} s and was stopped"}
        return {"error": "the parser crashed on it"}


@cache
def shared_pool() -> ParsePool:
    """Return the one pool of this process; its workers end with it."""
    pool = ParsePool()
    atexit.register(pool.close)
    return pool


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", _START, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )


def _exchange(worker: "subprocess.Popen[bytes]", request: dict[str, Any], body: bytes, cpu_s: float) -> bytes:
    """Return the worker's answer; what there is of it when the worker died."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(json.dumps(request | {"size": len(body), "cpu_s": cpu_s}).encode() + b"\n")
        worker.stdin.write(body)
        worker.stdin.flush()
    except BrokenPipeError:
        return b""
    return worker.stdout.readline()


def _kill(worker: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    worker.kill()


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
