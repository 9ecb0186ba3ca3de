import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
import yaml
from langgraph.checkpoint.sqlite import SqliteSaver

from graphs.seo.sample_server import SampleSite
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from tests.graphs.seo import killed_run

NODES = (
    "read_target",
    "data_collection",
    "search",
    "pick",
    "content_scraping",
    "gap_analysis",
    "recommendations",
    "report",
)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Return what starts processes that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", killed_run.__name__])
    return context


@pytest.mark.slow
@pytest.mark.parametrize("node", NODES)
def test_a_killed_run_goes_on_without_repeating_a_paid_call(
    node: str,
    processes: ForkServerContext,
    tmp_path: Path,
    simulated: tuple[Simulator, RouterChatModel],
    sample_site: SampleSite,
) -> None:
    simulator, _ = simulated
    job = job_in(tmp_path, simulator, sample_site)

    assert exit_code(processes, killed_run.run, job, node) == -signal.SIGKILL
    paid_before_the_kill = paid(tmp_path)
    assert exit_code(processes, killed_run.run, job, None) == 0

    report = report_of(job)
    assert len(report["recommendations"]) == 8
    reported = Counter({row["task"]: row["attempts"] for row in report["costs"]})
    # The page whose call was answered but not yet stored when the kill came is asked about again.
    again = Counter({"content_scraping": 1} if node == "content_scraping" else {})
    assert paid(tmp_path) == reported + again
    assert paid_before_the_kill <= reported
    assert simulator.calls() == (reported + again).total()


def job_in(folder: Path, simulator: Simulator, site: SampleSite) -> killed_run.Job:
    """Write what a run needs: a configuration with a ledger, and search results with two pages that are not there."""
    config = {
        "providers": simulated_providers(RouterConfig.builtin(), simulator),
        "ledger": {"path": str(folder / "ledger.sqlite")},
    }
    (folder / "router.yaml").write_text(yaml.safe_dump(config))
    missing = [site.target.replace("harbour-wheels", name) for name in ("a", "b")]
    (folder / "results.json").write_text(json.dumps([*site.competitors, *missing]))
    return killed_run.Job(folder, site.target)


def exit_code(processes: ForkServerContext, target: Callable[..., None], *arguments: Any) -> int | None:
    process = processes.Process(target=target, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


def paid(folder: Path) -> Counter[str]:
    """Return how often the ledger says that each task was paid for."""
    rows = SqliteLedger(folder / "ledger.sqlite").rows()
    assert {row.attempt.outcome for row in rows} <= {"ok"}
    return Counter(row.task for row in rows)


def report_of(job: killed_run.Job) -> dict[str, Any]:
    with SqliteSaver.from_conn_string(job.checkpoints) as saver:
        found = saver.get_tuple({"configurable": {"thread_id": "job"}})
    assert found is not None
    report: dict[str, Any] = found.checkpoint["channel_values"]["report"]
    return report
