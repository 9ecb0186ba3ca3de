"""Rows 39-41: the configuration changes while calls are under way."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.errors import ConfigError
from tests.doors import Door
from tests.faults.kit import Bench, ask, config_of, fell_back, live_of, stop_following

RELOADS = 1_000


def file_of(bench: Bench, path: Path, **parts: Any) -> str:
    """Write a configuration for the bench to `path` and return its text."""
    data = config_of(**parts).model_dump(mode="json", exclude_defaults=True)
    data |= {"extends": "none", "version": 1}
    data["providers"] = {key: {"base_url": bench.simulator.url(key), "kind": "openai"} for key in ("alpha", "beta")}
    text = yaml.safe_dump(data, sort_keys=False)
    replaced(path, text)
    return text


def replaced(path: Path, text: str) -> None:
    """Replace a file as editors do, at once."""
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)


async def look(router: RouterChatModel, times: int = 3) -> None:
    """Let the router look at its file now, rather than wait for it."""
    followed = router.engine._followed
    assert followed is not None
    await asyncio.to_thread(stop_following, followed)
    for _ in range(times):
        await asyncio.to_thread(followed._look)


BROKEN = {
    "not YAML": "preset: [mine\n",
    "an unknown key": "version: 1\nproviderz: {}\n",
    "a model that is not there": "version: 1\npreset: mine\npresets: {mine: {default: nobody}}\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
async def test_fault_39_a_broken_config_at_reload(
    bench: Bench, door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path / "modelrouter.yaml"
    file_of(bench, path)
    router = bench.over(path)
    fell_back(await ask(door, router), "one")
    with caplog.at_level(logging.ERROR, "langchain_modelrouter"):
        replaced(path, text)
        await look(router)
    fell_back(await ask(door, router), "one")
    assert str(path) in caplog.text
    with pytest.raises(ConfigError) as caught:
        RouterConfig.load(path)
    assert all(fault.file == str(path) and fault.line and fault.key for fault in caught.value.faults)


async def test_fault_40_a_half_written_config_file(bench: Bench, door: Door, tmp_path: Path) -> None:
    path = tmp_path / "modelrouter.yaml"
    file_of(bench, path)
    router = bench.over(path)
    text = file_of(bench, tmp_path / "other.yaml", presets={"mine": {"default": "two"}})
    for share in (0.0, 0.3, 0.6):
        path.write_text(text[: int(share * len(text))])
        await look(router)
        fell_back(await ask(door, router), "one")
    path.write_text(text)
    await look(router)
    fell_back(await ask(door, router), "two")


async def test_fault_41_a_thousand_reloads_under_load(bench: Bench) -> None:
    first = bench.config()
    second = bench.config(
        presets={"mine": {"default": ["two", "one"]}},
        limits={"ttft_timeout_s": 0.4},
        providers={"alpha": {}, "beta": {}},
    )
    router = bench.over(first)
    engine, done, answered = router.engine, asyncio.Event(), asyncio.Queue[None]()

    async def load(stream: bool) -> None:
        while not done.is_set():
            if stream:
                assert "".join([chunk.text async for chunk in router.astream("hi")])
            else:
                record = (await router.ainvoke("hi")).response_metadata["model_router"]
                assert len(record["attempts"]) == 1
            answered.put_nowait(None)

    callers = [asyncio.create_task(load(number % 2 == 0)) for number in range(8)]
    most = 0
    for number in range(RELOADS):
        engine._take_over(second if number % 2 == 0 else first)
        await asyncio.sleep(0)
        if number % 10 == 9:  # so that there are calls between the reloads, however busy the machine is
            await asyncio.wait_for(answered.get(), 10)
        most = max(most, bench.simulator.open_connections)
    done.set()
    await asyncio.gather(*callers)
    assert {record.outcome for record in bench.simulator.requests} == {"ok"}
    assert most < 100
    assert {health.in_flight for health in router.health().values()} == {0}


async def test_fault_41_a_call_under_way_keeps_its_clients(bench: Bench) -> None:
    router = bench.over(bench.config())
    before = live_of(router).clients
    stream = router.astream("hi")
    first = await anext(stream)
    router.engine._take_over(bench.config(limits={"ttft_timeout_s": 0.4}))
    assert live_of(router).clients is not before
    rest = [chunk async for chunk in stream]
    assert rest[-1].response_metadata["model_router"]["attempts"][0]["outcome"] == "ok"
    assert first.id == rest[-1].id


async def test_fault_41_a_reload_changes_breakers_and_budgets_and_keeps_what_they_know(
    bench: Bench, door: Door
) -> None:
    router = bench.over(bench.config(retry={"same_model": 0}))
    bench.fault("one", "unavailable")
    for _ in range(2):
        fell_back(await ask(door, router), "one", "two")
    changes: dict[str, Any] = {"breaker": {"consecutive_failures": 3}, "retry": {"same_model": 0, "budget_ratio": 0.1}}
    router.engine._take_over(bench.config(**changes))
    fell_back(await ask(door, router), "one", "two")
    assert router.health()["one"].state == "open"
    assert live_of(router).retry_budget.ratio == 0.1
