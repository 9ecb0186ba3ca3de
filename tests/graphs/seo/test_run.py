import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from graphs.seo.run import NotApprovedError, arun_seo, run_seo
from graphs.seo.sample_server import SampleSite
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.simulator import Simulator

Simulated = tuple[Simulator, RouterChatModel]


def job(site: SampleSite, competitors: int = 2) -> dict[str, Any]:
    return {"target": site.target, "competitors": site.competitors[:competitors], "allow_private": True}


def test_runs_blocking_too_and_twice_in_a_row(simulated: Simulated, sample_site: SampleSite) -> None:
    _, router = simulated
    first, second = (run_seo(router, **job(sample_site)) for _ in range(2))
    assert first["pages"] == second["pages"]


async def test_tells_each_agents_progress(simulated: Simulated, sample_site: SampleSite) -> None:
    _, router = simulated
    events: list[dict[str, Any]] = []
    await arun_seo(router, **job(sample_site), on_progress=events.append)
    agents = list(dict.fromkeys(event["agent"] for event in events))
    assert agents == ["data_collection", "content_scraping", "gap_analysis", "recommendations"]
    called = [event for event in events if event["event"] == "called"]
    assert len(called) == 6
    assert all(event["cost_usd"] > 0 for event in called)


async def test_nothing_to_compare_with_is_refused_before_anything_is_paid(simulated: Simulated) -> None:
    simulator, router = simulated
    with pytest.raises(ValueError, match="at least one competitor or a search provider"):
        await arun_seo(router, target="https://example.org/")
    assert simulator.calls() == 0


async def test_a_person_may_approve_or_refuse(simulated: Simulated, sample_site: SampleSite) -> None:
    _, router = simulated
    seen: list[dict[str, Any]] = []

    def approve(report: dict[str, Any]) -> bool:
        seen.append(report)
        return True

    report = await arun_seo(router, **job(sample_site), approve=approve)
    assert seen == [report]
    with pytest.raises(NotApprovedError):
        await arun_seo(router, **job(sample_site), approve=lambda report: False)


async def test_a_finished_thread_is_not_run_again(
    simulated: Simulated, sample_site: SampleSite, tmp_path: Path
) -> None:
    simulator, router = simulated
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "runs.db")) as saver:
        first = await arun_seo(router, **job(sample_site), checkpointer=saver, thread_id="one")
        calls = simulator.calls()
        assert await arun_seo(router, **job(sample_site), checkpointer=saver, thread_id="one") == first
    assert simulator.calls() == calls


KILLED_IN = (
    "read_target",
    "data_collection",
    "search",
    "pick",
    "content_scraping",
    "gap_analysis",
    "recommendations",
    "report",
)


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    """Return a script that runs one job and kills itself in the node that it is told."""
    script = tmp_path / "worker.py"
    script.write_text(
        """
import asyncio, os, signal, sys
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from graphs.seo.agents import Agents
from graphs.seo.run import arun_seo
from graphs.seo.search import SavedResults
from langchain_modelrouter import RouterChatModel

db, config, results, node, target = sys.argv[1:]
if node != "none":
    name = "_scraped" if node == "content_scraping" else node
    original, entered = getattr(Agents, name), []

    async def killed(self, state):
        entered.append(1)
        if node != "content_scraping":
            await asyncio.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        result = await original(self, state)
        if len(entered) == 3:
            await asyncio.sleep(0.3)
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(Agents, name, killed)


async def main():
    async with AsyncSqliteSaver.from_conn_string(db) as saver:
        report = await arun_seo(
            RouterChatModel(config), target=target, search=SavedResults(results), allow_private=True,
            max_concurrency=1, competitors_wanted=3, checkpointer=saver, thread_id="job",
        )
    assert len(report["recommendations"]) == 8, report["errors"]
    print(sum(row["calls"] for row in report["costs"]))


asyncio.run(main())
"""
    )
    return script


@pytest.mark.slow
@pytest.mark.parametrize("node", KILLED_IN)
async def test_a_killed_run_goes_on_without_repeating_a_paid_call(
    node: str, worker: Path, tmp_path: Path, simulated: Simulated, sample_site: SampleSite
) -> None:
    simulator, _ = simulated
    config = tmp_path / "router.yaml"
    config.write_text(config_text(simulator))
    results = tmp_path / "results.json"
    pages = [sample_site.target.replace("harbour-wheels", name) for name in ("a", "b")]
    results.write_text(json.dumps([*sample_site.competitors, *pages]))

    async def run(kill_in: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(worker), str(tmp_path / "runs.db"), str(config), str(results), kill_in),
            sample_site.target,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "SIMULATED_KEY": "none"},
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode() + err.decode()

    code, said = await run(node)
    assert code == -signal.SIGKILL, said
    code, said = await run("none")
    assert code == 0, said
    # The page whose call was answered but not yet stored when the kill came may be asked about again.
    repeated = simulator.calls() - int(said)
    assert repeated == (1 if node == "content_scraping" else 0)


def config_text(simulator: Simulator) -> str:
    providers = "".join(
        f"  {key}: {{base_url: '{simulator.url(key)}', api_key_env: SIMULATED_KEY, kind: openai}}\n"
        for key in ("sambanova", "nebius")
    )
    return f"version: 1\nproviders:\n{providers}"
