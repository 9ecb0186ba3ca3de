"""A bad day in one minute: calls against providers that flap, brown out, rate-limit and cut streams, and reloads.

    python -m benchmarks.chaos --calls 20000

Half of the calls run on one event loop, 64 in flight, and half in 16 threads. The simulator runs in a process of its
own. Wanted: no wrong answer, no lost call while one provider is healthy, at most 1.2 upstream calls per request, and
nothing left behind.
"""

import argparse
import asyncio
import gc
import itertools
import json
import logging
import math
import multiprocessing
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from typing import Any

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.errors import StreamInterruptedError
from langchain_modelrouter.simulator import Fault, Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers

CALLS, IN_FLIGHT, THREADS, RELOAD_EVERY_S = 20_000, 64, 16, 0.5
LANES = ("flapping", "browning", "limited", "cutting")
"""Four providers with one trouble each; behind each stands `steady`, which has none."""


def config_of(**limits: Any) -> dict[str, Any]:
    """Return a configuration with a task for each provider in trouble, and one that meets them all."""
    lanes = {lane: [lane, "steady"] for lane in LANES}
    models = {
        key: {"provider": key, "api_name": key, "input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
        for key in (*LANES, "steady")
    }
    return {
        "version": 1,
        "extends": "none",
        "preset": "chaos",
        "providers": {key: {"timeout_s": 10} for key in models},
        "models": models,
        "presets": {"chaos": {**lanes, "all": [*LANES, "steady"], "default": "steady"}},
        "tasks": {task: {} for task in (*lanes, "all")},
        "fallback": {"order": [], "max_models": 5},
        "limits": {"deadline_s": 20, "ttft_timeout_s": 5, "idle_timeout_s": 5, **limits},
        "breaker": {"open_s": 0.5, "open_max_s": 5},
    }


def set_the_troubles(simulator: Simulator) -> None:
    """Set what goes wrong, and how often."""
    simulator.flap("flapping", up_s=2.0, down_s=1.0, fault="unavailable")
    simulator.flap("browning", up_s=4.0, down_s=4.0, fault=Fault("slow", delay_s=0.3))
    simulator.fault("limited", Fault(status=429, retry_after=0.5, probability=0.02))
    simulator.fault("cutting", Fault("cut", after_chunks=2, probability=0.01))
    simulator.fault("cutting", Fault("reset", after_chunks=0, probability=0.01))


def simulate(pipe: Connection) -> None:
    """Serve until told to stop; runs in a process of its own, so that it does not share the router's interpreter."""
    registry = RouterConfig.model_validate(config_of()).registry
    with Simulator(registry, speed=math.inf, keep_requests=1) as simulator:
        pipe.send(simulator.port)
        set_the_troubles(simulator)
        while (wish := pipe.recv()) != "stop":
            pipe.send({"calls": simulator.calls(), "connections": simulator.open_connections}[wish])


@dataclass
class Tally:
    """What became of the calls."""

    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    reloads: int = 0
    elapsed_s: float = 0.0
    tasks_left: int = 0

    def note(self, began: float, word: str, text: str | None, error: Exception | None) -> None:
        """Take in one call; an answer has to speak of what was asked."""
        self.seconds.append(time.perf_counter() - began)
        if isinstance(error, StreamInterruptedError):
            self.outcomes["interrupted"] += 1  # after its first content: by contract the caller's to see
        elif error is not None:
            self.outcomes[f"lost: {type(error).__name__}: {error}"[:160]] += 1
        else:
            self.outcomes["ok" if text and word in text.lower() else "wrong"] += 1

    @property
    def lost(self) -> list[str]:
        """What the calls that got no answer say."""
        return [outcome for outcome in self.outcomes if outcome.startswith("lost")]


def questions(calls: int) -> Iterator[tuple[str, str]]:
    """Yield a task and a word that no other call asks for."""
    tasks = itertools.cycle((*LANES, "all"))
    return ((next(tasks), f"zebra{number}") for number in range(calls))


async def by_tasks(router: RouterChatModel, calls: int) -> Tally:
    """Make the calls on this event loop, `IN_FLIGHT` at a time, every second one a stream."""
    tally, asked, began = Tally(), questions(calls), time.perf_counter()

    async def work(streams: bool) -> None:
        for task, word in asked:
            start, text, error = time.perf_counter(), None, None
            try:
                if streams:
                    parts = [chunk.text async for chunk in router.astream(f"Describe {word}.", task=task)]
                    text = "".join(parts)
                else:
                    text = (await router.ainvoke(f"Describe {word}.", task=task)).text
            except Exception as raised:  # noqa: BLE001  it is what is counted
                error = raised
            tally.note(start, word, text, error)

    await asyncio.gather(*[work(number % 2 == 0) for number in range(IN_FLIGHT)])
    tally.elapsed_s = time.perf_counter() - began
    await asyncio.sleep(0.2)  # pools that a reload has just replaced are closed by tasks of this loop
    tally.tasks_left = len(asyncio.all_tasks()) - 1
    return tally


def by_threads(router: RouterChatModel, calls: int) -> Tally:
    """Make the calls in `THREADS` threads, every second one a stream."""
    tally, asked, lock, began = Tally(), questions(calls), threading.Lock(), time.perf_counter()

    def work(number: int) -> None:
        while True:
            with lock:
                task, word = next(asked, ("", ""))
            if not task:
                return
            start, text, error = time.perf_counter(), None, None
            try:
                if number % 2 == 0:
                    text = "".join(chunk.text for chunk in router.stream(f"Describe {word}.", task=task))
                else:
                    text = router.invoke(f"Describe {word}.", task=task).text
            except Exception as raised:  # noqa: BLE001  it is what is counted
                error = raised
            with lock:
                tally.note(start, word, text, error)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    tally.elapsed_s = time.perf_counter() - began
    return tally


def in_a_loop(router: RouterChatModel, calls: int) -> Tally:
    """Make the calls on an event loop of their own."""
    return asyncio.run(by_tasks(router, calls))


@contextmanager
def reloading(path: Path, texts: tuple[str, str]) -> Iterator[list[int]]:
    """Replace the configuration file again and again while the block runs."""
    over, count = threading.Event(), [0]

    def replace_on() -> None:
        for text in itertools.cycle(texts):
            if over.wait(RELOAD_EVERY_S):
                return
            path.with_suffix(".new").write_text(text)
            os.replace(path.with_suffix(".new"), path)
            count[0] += 1

    thread = threading.Thread(target=replace_on)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


def memory_mb() -> float:
    """Return the resident memory of this process in megabytes; 0 where the system does not tell."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


def left_behind(pipe: Connection) -> str:
    """Return what is still there once all is closed and has had time to end: threads and connections."""
    end = time.monotonic() + 5
    while (threading.active_count() > 1 or asked(pipe, "connections")) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.05)
    return f"{threading.active_count() - 1} threads, {asked(pipe, 'connections')} connections"


def asked(pipe: Connection, wish: str) -> int:
    """Return a count of the simulator's."""
    pipe.send(wish)
    return int(pipe.recv())


def row(name: str, tally: Tally, upstream: int, growth_mb: float) -> str:
    """Return one line of the table."""
    calls, ok = len(tally.seconds), tally.outcomes["ok"]
    cuts = quantiles(tally.seconds, n=100)
    lost = sum(tally.outcomes[outcome] for outcome in tally.lost)
    return (
        f"{name:<22}{calls:>7}{ok / calls:>9.2%}{lost:>6}{tally.outcomes['wrong']:>7}"
        f"{tally.outcomes['interrupted']:>13}{cuts[49] * 1e3:>8.0f}{cuts[98] * 1e3:>8.0f}{upstream / calls:>10.3f}"
        f"{tally.reloads:>9}{growth_mb:>8.1f}{calls / tally.elapsed_s:>9.0f}"
    )


HEADER = (
    f"{'':<22}{'calls':>7}{'ok':>9}{'lost':>6}{'wrong':>7}{'interrupted':>13}{'p50 ms':>8}{'p99 ms':>8}"
    f"{'upstream':>10}{'reloads':>9}{'MB more':>8}{'calls/s':>9}"
)


def run(calls: int = CALLS) -> str:
    """Make the calls and return the table."""
    logging.getLogger("langchain_modelrouter").setLevel(logging.CRITICAL)
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    server = context.Process(target=simulate, args=(theirs,), daemon=True)
    server.start()
    port = int(pipe.recv())
    lines, tasks_left = [HEADER], 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "modelrouter.yaml"
        for name, buffer in (("64 tasks", "none"), ("16 threads, buffered", "until_done")):
            texts = tuple(_text(port, stream_buffer=buffer, idle_timeout_s=idle_s) for idle_s in (5, 6))
            path.write_text(texts[0])
            router = RouterChatModel(path)
            drive = by_threads if buffer == "until_done" else in_a_loop
            drive(router, max(100, calls // 20))  # so that imports and pools do not count as growth
            gc.collect()
            before, memory = asked(pipe, "calls"), memory_mb()
            with reloading(path, (texts[1], texts[0])) as reloads:
                tally = drive(router, calls // 2)
            tally.reloads = reloads[0]
            gc.collect()
            lines.append(row(name, tally, asked(pipe, "calls") - before, memory_mb() - memory))
            tasks_left += tally.tasks_left
            lines += [f"  {outcome}: {tally.outcomes[outcome]}" for outcome in tally.lost]
            router.engine.snapshot.live.clients.close()
            del router
    lines.append(f"left behind: {tasks_left} tasks, {left_behind(pipe)}")
    pipe.send("stop")
    server.join()
    return "\n".join(lines)


def _text(port: int, **limits: Any) -> str:
    config = RouterConfig.model_validate(config_of(**limits))
    stand_in = Simulator(config.registry, port=port)
    return json.dumps({**config_of(**limits), "providers": simulated_providers(config, stand_in)})


async def measure(calls: int = CALLS) -> str:
    """Return the table, as `make bench` prints it."""
    return await asyncio.to_thread(run, calls)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The chaos run.")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls in all, half of them in threads")
    print(run(parser.parse_args().calls))
