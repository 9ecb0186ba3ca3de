"""The process that reads hostile HTML: it has no keys in its environment, little memory, and may be killed.

It answers requests on standard input until that ends. A request is one line of JSON (`size` bytes of
body follow it); the answer is one line of JSON, `{"result": ...}` or `{"error": "..."}`.
"""

import json
import os
import signal
import sys
from typing import Any, BinaryIO

MEMORY_BYTES = 1_500_000_000
ROBOT = "langchain-modelrouter"
"""The name that a robots.txt may address."""


def main() -> None:
    """Answer requests until standard input ends, which it also does when the parent dies."""
    _limit_memory()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever a library prints is no answer
        while line := sys.stdin.buffer.readline():
            request = json.loads(line)
            body = _exactly(sys.stdin.buffer, request["size"])
            _limit_cpu(request["cpu_s"])
            answers.write(json.dumps(_answer(request, body)).encode())
            answers.write(b"\n")
            answers.flush()


def _answer(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        if request["ask"] == "robots":
            return {"result": _robots_allow(body, request["url"])}
        return {"result": _facts(body, request["charset"], request["url"])}
    except MemoryError:
        return {"error": f"parsing needs more than {MEMORY_BYTES // 1_000_000} MB of memory"}
    except RecursionError:
        return {"error": "the HTML is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - whatever a parser trips over is a fault of this one page
        return {"error": f"cannot be parsed: {type(error).__name__}: {error}"}


def _facts(body: bytes, charset: str | None, url: str) -> dict[str, Any]:
    from graphs.seo.charset import decoded
    from graphs.seo.extract import page_facts

    return dict(page_facts(decoded(body, charset), url))


def _robots_allow(body: bytes, url: str) -> bool:
    from protego import Protego

    return bool(Protego.parse(body.decode("utf-8", errors="replace")).can_fetch(url, ROBOT))


def _limit_cpu(cpu_s: float) -> None:
    """Let the kernel end this process after so much processor time, also inside a parser written in C."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the time limit still holds there
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise SystemExit(0)  # the parent is gone
    return body
