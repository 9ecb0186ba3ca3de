import json
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from graphs.seo.jobs import Job, arun_jobs, read_jobs
from graphs.seo.sample_server import SampleSite
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.simulator import Simulator


def test_a_file_gives_each_job_once(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    lines = [{"target": "https://a.example/", "keyword": "k"}, {"target": "https://b.example/", "id": "b"}]
    path.write_text("\n".join(json.dumps(line) for line in [*lines, {}, lines[0]]).replace("{}", ""))
    jobs = read_jobs(path)
    assert [job.target for job in jobs] == ["https://a.example/", "https://b.example/"]
    assert jobs[1].name == "b"
    assert jobs[0].name == jobs[0].thread_id == Job(target="https://a.example/", keyword="k").thread_id
    assert jobs[1].thread_id != Job(target="https://c.example/", id="b").thread_id


def test_all_faults_of_a_file_are_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    same = '{"target": "https://a.example/", "id": "x"}\n{"target": "https://b.example/", "id": "x"}'
    path.write_text(f'{{"target": ""}}\n[]\n{{"goal": 1}}\nnonsense\n{same}\n')
    with pytest.raises(ValueError, match=r"jobs\.jsonl:1: target") as caught:
        read_jobs(path)
    lines = str(caught.value).splitlines()
    assert {line.split(":")[1] for line in lines} == {"1", "2", "3", "4", "6"}


async def test_jobs_run_once_and_are_taken_up_again(
    simulated: tuple[Simulator, RouterChatModel], sample_site: SampleSite, tmp_path: Path
) -> None:
    simulator, router = simulated
    jobs = [Job(target=sample_site.target, competitors=(url,)) for url in sample_site.competitors]
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "jobs.db")) as saver:
        options: dict[str, Any] = {"checkpointer": saver, "allow_private": True, "metadata": {"batch": 1}}
        async with aclosing(arun_jobs(router, jobs, at_once=1, **options)) as results:
            async for _, report in results:
                assert len(report["recommendations"]) == 8
                break
        done = [job async for job, _ in arun_jobs(router, jobs, **options)]
        calls = simulator.calls()
        again = [job async for job, _ in arun_jobs(router, jobs, **options)]
        assert set(done) == set(again) == set(jobs)
        assert simulator.calls() == calls

        def is_valid(report: dict[str, Any], metadata: Mapping[str, Any]) -> bool:
            assert metadata["batch"] == 1
            return bool(report["pages"][1]["url"] != jobs[0].competitors[0])

        anew = [job async for job, _ in arun_jobs(router, jobs, is_valid=is_valid, **options)]
    assert set(anew) == set(jobs)
    assert simulator.calls() == calls * 4 // 3
