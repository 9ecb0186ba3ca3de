"""A fire drill: each fault of the matrix strikes one provider of a configuration, and the drill sees who answers.

The simulator wears the providers' own names and prices. Time runs faster: its latencies and the configuration's
timers are divided by the same speed, and latencies are given as they would be at the real one.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from langchain_core.messages import AIMessage

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import ModelRouterError
from langchain_modelrouter.simulator.fault import Fault
from langchain_modelrouter.simulator.fault_catalogue import FAULTS, UnknownFaultError
from langchain_modelrouter.simulator.network_faults import (
    refused_url,
    unanswered_url,
    unresolvable_url,
    untrusted_tls_url,
)
from langchain_modelrouter.simulator.simulated_config import simulated
from langchain_modelrouter.simulator.simulator import Simulator

Door = Literal["invoke", "stream"]
Result = Literal["answered", "by contract", "lost"]
"""`by contract`: the caller has to see the error, since no other model may answer in its place."""

UNREACHABLE = {
    "connection_refused": (8, "connection refused", refused_url),
    "host_not_found": (9, "the host has no address", unresolvable_url),
    "untrusted_tls": (10, "a TLS certificate that nobody trusts", untrusted_tls_url),
    "connect_timeout": (11, "connecting is not answered", unanswered_url),
}
"""What no server can show: the provider's address leads nowhere."""

RAISED = frozenset({"content_filter", "unsupported_parameter"})
"""Faults that speak of the request: rows 28 and 33 say that they are raised."""

QUESTION = "Describe a zebra in one sentence."
_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "describe",
        "description": "Describe an animal.",
        "parameters": {"type": "object", "properties": {"animal": {"type": "string"}}, "required": ["animal"]},
    },
}


@dataclass(frozen=True, slots=True)
class Drilled:
    """How one call went while one fault struck one provider."""

    fault: str
    row: int
    title: str
    provider: str
    door: Door
    result: Result
    model: str | None
    """Who answered."""
    attempts: int
    latency_s: float
    """At the real speed; the work of this machine counts as well, so small figures say little."""
    cost_usd: Decimal | None
    """All attempts together; None where a price is unknown."""
    error: str | None


def drill(
    config: RouterConfig,
    *,
    faults: Iterable[str] | None = None,
    preset: str | None = None,
    task: str | None = None,
    speed: float = 50.0,
) -> Iterator[Drilled]:
    """Let each fault strike the provider of the model that is asked first, and yield how each call went.

    Args:
        config: the configuration to rehearse; no provider of it is called.
        faults: names out of `drill_faults()`; by default all.
        preset: instead of the one in force.
        task: the task of the calls; by default what the configuration makes of the question.
        speed: how many times faster than the catalogue and the configuration say.

    Raises:
        UnknownNameError: there is no such fault, preset or task.
    """
    known = drill_faults()
    names = list(known if faults is None else faults)
    for name in names:
        if name not in known:
            raise UnknownFaultError(name, known)
    with Simulator(config.registry, speed=speed) as simulator:
        hurried = _hurried(simulated(config, simulator), speed)
        first = RouterChatModel(hurried, preset=preset).decide(QUESTION, task=task).ranked[0]
        for name in names:
            row, title = known[name]
            for door in ("invoke", "stream"):
                with _struck(simulator, hurried, first.provider, name, speed) as struck:
                    router = RouterChatModel(struck, preset=preset)
                    yield replace(
                        _called(router, name, door, task, speed), row=row, title=title, provider=first.provider
                    )
                    router.engine.snapshot.live.clients.close()


def drill_faults() -> Mapping[str, tuple[int, str]]:
    """Return all faults by name, each with its row of the matrix and what happens."""
    reachable = {name: (each.row, each.title) for name, each in FAULTS.items()}
    named = {**reachable, **{name: (row, title) for name, (row, title, _) in UNREACHABLE.items()}}
    return dict(sorted(named.items(), key=lambda item: item[1][0]))


@contextmanager
def _struck(
    simulator: Simulator, config: RouterConfig, provider: str, name: str, speed: float
) -> Iterator[RouterConfig]:
    """Let the fault strike while the block runs, and give the configuration to call with."""
    simulator.reset()
    if name not in UNREACHABLE:
        simulator.fault(provider, _hurried_fault(FAULTS[name].fault, speed))
        yield config
        return
    with UNREACHABLE[name][2]() as url:
        data = config.model_dump()
        data["providers"][provider]["base_url"] = url
        yield RouterConfig.model_validate({**data, "extends": "none"})


def _called(router: RouterChatModel, name: str, door: Door, task: str | None, speed: float) -> Drilled:
    options: dict[str, Any] = {"tools": [_TOOL], "tool_choice": "describe"} if name == "invalid_arguments" else {}
    message, error = None, None
    router.engine.snapshot.live.clients.warm_up()
    began = time.monotonic()
    try:
        message = router.invoke(QUESTION, task=task, **options) if door == "invoke" else _last(router, task, options)
    except Exception as raised:  # noqa: BLE001  whatever the caller would see is what the drill reports
        error = raised
    seconds = (time.monotonic() - began) * speed
    ledger = router.engine.snapshot.live.ledger
    rows = ledger.rows()
    costs = [row.attempt.cost_usd for row in rows]
    known = [cost for cost in costs if cost is not None]
    return Drilled(
        fault=name,
        row=0,
        title="",
        provider="",
        door=door,
        result=_result(name, door, router, error),
        model=None if message is None else rows[-1].attempt.model,
        attempts=len(rows),
        latency_s=seconds,
        cost_usd=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        error=None if error is None else _said(error, [row.attempt.error for row in rows]),
    )


def _last(router: RouterChatModel, task: str | None, options: dict[str, Any]) -> AIMessage:
    return list(router.stream(QUESTION, task=task, **options))[-1]


def _result(name: str, door: Door, router: RouterChatModel, error: Exception | None) -> Result:
    limits = router.engine.snapshot.config.limits
    if error is None:
        return "answered"
    if name in RAISED and not (name == "content_filter" and limits.content_filter == "fallback"):
        return "by contract"
    after_commit = door == "stream" and (FAULTS[name].fault.after_chunks or 0) > 0 if name in FAULTS else False
    return "by contract" if after_commit and limits.stream_buffer == "none" else "lost"


def _said(error: Exception, records: list[str | None]) -> str:
    """Return what went wrong, in the words of the records, which hold no prompt and no answer."""
    said = "; ".join(record for record in records if record)
    return said or (str(error) if isinstance(error, ModelRouterError) else type(error).__name__)


def _hurried(config: RouterConfig, speed: float) -> RouterConfig:
    """Return the configuration with all of its timers that much shorter, records in memory and no budgets."""
    data = config.model_dump()
    _shorten(data["limits"], ("deadline_s", "connect_timeout_s", "ttft_timeout_s", "idle_timeout_s"), speed)
    _shorten(data["retry"], ("backoff_base_s", "backoff_cap_s"), speed)
    for provider in data["providers"].values():
        _shorten(provider, ("timeout_s",), speed)
    return RouterConfig.model_validate({**data, "extends": "none", "budgets": [], "ledger": {}})


def _hurried_fault(fault: Fault, speed: float) -> Fault:
    return (
        replace(fault, retry_after=fault.retry_after / speed) if isinstance(fault.retry_after, int | float) else fault
    )


def _shorten(settings: dict[str, Any], names: Iterable[str], speed: float) -> None:
    for name in names:
        if settings.get(name) is not None:
            settings[name] = settings[name] / speed
