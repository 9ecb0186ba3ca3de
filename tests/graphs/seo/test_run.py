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
        kept: dict[str, Any] = {"checkpointer": saver, "thread_id": "one"}
        assert await arun_seo(router, **job(sample_site), **kept) == first
        assert await arun_seo(router, **job(sample_site), **kept, approve=lambda report: True) == first
        with pytest.raises(NotApprovedError):
            await arun_seo(router, **job(sample_site), **kept, approve=lambda report: False)
        with pytest.raises(ValueError, match="the run 'one' is on"):
            await arun_seo(router, **{**job(sample_site), "target": "https://example.org/"}, **kept)
    assert simulator.calls() == calls
