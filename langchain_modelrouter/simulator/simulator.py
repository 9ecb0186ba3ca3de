"""A server on loopback that answers as the providers of a catalogue would, with faults on demand."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self
from urllib.parse import quote

from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.errors import InvalidOptionError, UnknownNameError
from langchain_modelrouter.simulator.endpoints import Endpoints
from langchain_modelrouter.simulator.fault import Fault
from langchain_modelrouter.simulator.fault_catalogue import named_fault
from langchain_modelrouter.simulator.fault_rules import FaultRules
from langchain_modelrouter.simulator.http_server import Connection, HttpRequest, Reply
from langchain_modelrouter.simulator.request_log import RequestLog, RequestRecord, without_keys
from langchain_modelrouter.simulator.wire import Head


class Simulator:
    """An OpenAI-compatible stand-in for all providers of a registry, in a thread of its own.

    It serves `/<provider>/v1/chat/completions`, `/models`, `/embeddings` and `/decisions` for each provider, and
    `/health`. Its answers say that they are simulated; it proves wiring, cost and resilience, never intelligence.

    Args:
        registry: the providers and models to stand in for, with their latency and speed.
        speed: how many times faster than the catalogue says; `math.inf` for no latency at all.
        seed: another seed, other words in the answers and other draws of the faults' probabilities.
        port: 0 takes a free one.
        keep_requests: how many requests the log holds, the latest ones.
        clock: gives the instants of the request log and of flapping.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        *,
        speed: float = 50.0,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_requests: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not speed > 0:
            raise InvalidOptionError("speed", f"{speed} is not above 0")
        self.registry, self.speed, self.seed, self.host = registry, speed, seed, host
        self._wanted_port, self._keep, self._clock = port, keep_requests, clock
        self._endpoints = Endpoints(registry, speed=speed, seed=seed)
        self._rules, self._log = FaultRules(seed), RequestLog(self._keep)
        self._connections: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; returns once connections are accepted.

        Raises:
            OSError: the port is taken.
        """
        if self._thread is not None:
            return
        started = threading.Event()
        failed: list[BaseException] = []
        self._thread = threading.Thread(
            target=self._serve, args=(started, failed), name="modelrouter-simulator", daemon=True
        )
        self._thread.start()
        started.wait()
        if failed:
            self._thread.join()
            self._thread = None
            raise failed[0]

    def stop(self) -> None:
        """Close all connections and end the thread; the simulator can be started again."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = None

    def url(self, provider: str) -> str:
        """Return the base URL that stands for a provider's.

        Raises:
            UnknownNameError: the registry has no such provider.
        """
        if provider not in self.registry.providers:
            raise UnknownNameError(provider, self.registry.providers)
        return f"http://{self.host}:{self.port}/{quote(provider, safe='')}/v1"

    def fault(self, target: str, fault: Fault | str, *, times: int | None = None, after: int | None = None) -> None:
        """Let requests go wrong from now on.

        Args:
            target: a model key, an api_name, a provider key, or `*` for all.
            fault: a fault, or the name of one in `FAULTS`.
            times: how many requests it hits; by default as the fault says, else all.
            after: how many pass before.

        Raises:
            UnknownNameError: no such target, or no such fault.
        """
        fault = named_fault(fault) if isinstance(fault, str) else fault
        fault = replace(
            fault,
            times=fault.times if times is None else times,
            after=fault.after if after is None else after,
        )
        self._rules.add(self._known(target), fault)

    def script(self, target: str, faults: Iterable[Fault | str | None]) -> None:
        """Let the next requests to `target` go wrong one by one, each in its way; None is an answer."""
        steps = [named_fault(fault) if isinstance(fault, str) else fault for fault in faults]
        self._rules.script(self._known(target), steps)

    def flap(self, target: str, *, up_s: float = 5.0, down_s: float = 5.0, fault: Fault | str = "unavailable") -> None:
        """Let `target` be up for `up_s` from now on, then down for `down_s`, and so on."""
        fault = named_fault(fault) if isinstance(fault, str) else fault
        self._rules.flap(self._known(target), fault, up_s=up_s, down_s=down_s, now_s=self._clock())

    def clear(self, target: str | None = None) -> None:
        """Take back all faults, or those of one target."""
        self._rules.clear(target)

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """The latest requests, in the order in which they came."""
        return self._log.records()

    def calls(self, model: str | None = None) -> int:
        """Return how many requests a model key has had, or all of them together."""
        return self._log.calls(model)

    def reset(self) -> None:
        """Forget all faults and all requests."""
        self._rules.clear()
        self._log = RequestLog(self._keep)

    @property
    def open_connections(self) -> int:
        """How many connections clients hold open."""
        return len(self._connections)

    def _known(self, target: str) -> str:
        names = {"*", *self.registry.providers, *self.registry}
        names.update(model.api_name for model in self.registry.values())
        if target not in names:
            raise UnknownNameError(target, names)
        return target

    def _serve(self, started: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._serve_until_stopped(started))
        except OSError as error:
            failed.append(error)
        finally:
            started.set()

    async def _serve_until_stopped(self, started: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(
            lambda: Connection(self._reply, self._connections), self.host, self._wanted_port, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()

    def _reply(self, request: HttpRequest) -> Reply:
        """Return the reply to a request; this runs in the server's thread and only computes."""
        now_s, log = self._clock(), self._log
        call = self._endpoints.call(request)
        fault = self._rules.pick(call.targets, now_s) if call.takes_faults else None
        record = RequestRecord(
            call.provider, call.model_key, call.path, without_keys(request.headers), call.body, now_s, fault=fault
        )
        number = log.begin(record)
        moves = self._endpoints.moves(call, fault, number, now_s)
        if request.method == "HEAD":
            moves = tuple(move for move in moves if isinstance(move, Head))
        return Reply(moves, lambda outcome: log.end(number, outcome, self._clock()))
