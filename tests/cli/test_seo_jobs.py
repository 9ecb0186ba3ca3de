"""`modelrouter seo --jobs`: many runs from a file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("trafilatura")
from graphs.seo.sample_server import SampleSite, served_sample_site
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import fault_server

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def site() -> Iterator[SampleSite]:
    with served_sample_site() as served:
        yield served


@pytest.fixture
def jobs(site: SampleSite, tmp_path: Path) -> list[dict[str, Any]]:
    """Write three jobs to jobs.jsonl."""
    rows = [{"id": f"job {at}", "target": site.target, "competitors": [url]} for at, url in enumerate(site.competitors)]
    write(tmp_path, rows)
    return rows


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_many_jobs_run_in_one_go_each_with_its_cost(run: Run, jobs: list[Any], tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    result = run("seo", "--jobs", "jobs.jsonl", "--allow-private", "--out", "reports")
    assert result.exit_code == 0
    table = [line.split() for line in result.stdout.splitlines()]
    assert [row[0] for row in table] == ["job", "job", "job", "job", "total"]
    costs = [float(row[-1].lstrip("$")) for row in table[1:]]
    assert costs[-1] == pytest.approx(sum(costs[:-1]), abs=2e-6)
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [f"job_{at}.html" for at in range(3)]
    found = json.loads(run("seo", "--jobs", "jobs.jsonl", "--allow-private", "--json").stdout)
    assert [each["id"] for each in found] == ["job 0", "job 1", "job 2"]


def test_what_was_done_is_skipped_and_what_changed_or_failed_is_not(
    run: Run, jobs: list[Any], site: SampleSite, tmp_path: Path
) -> None:
    arguments = ("seo", "--jobs", "jobs.jsonl", "--allow-private", "--config", "c.yaml")
    with fault_server() as (server, _):
        providers = simulated_providers(RouterConfig.builtin(), server)
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({"providers": providers}))

        def calls_of(*more: str) -> tuple[int, int, str]:
            before = server.calls()
            result = run(*arguments, *more)
            return server.calls() - before, result.exit_code, result.stderr

        each, code, said = calls_of()
        assert (each % 3, code, said) == (0, 0, "")
        each //= 3
        assert calls_of() == (0, 0, "3 of 3 jobs were done before.\n")
        write(tmp_path, [jobs[0], jobs[1] | {"keyword": "city bikes"}, jobs[2]])
        assert calls_of() == (each, 0, "2 of 3 jobs were done before.\n")
        assert calls_of("--preset", "nebius_balanced") == (3 * each, 0, "")
        write(tmp_path, [jobs[0] | {"competitors": [site.target.replace("harbour-wheels", "missing")]}])
        for _ in range(2):
            calls, code, said = calls_of()
            assert (calls > 0, code) == (True, 1)
            assert "missing.html: fetch: the server answers HTTP 404" in said
            assert said.endswith("1 of 1 jobs are incomplete; the same command tries these again.\n")


def test_what_is_no_job_ends_with_two(run: Run, site: SampleSite, tmp_path: Path) -> None:
    write(tmp_path, [{"target": site.target}])
    (tmp_path / "bad.jsonl").write_text("nope\n")
    for arguments, said in (
        (["--jobs", "jobs.jsonl"], "has no competitors"),
        (["--jobs", "bad.jsonl"], "bad.jsonl:1: no JSON"),
        (["--jobs", "bad.jsonl", "--target", site.target], "it excludes --target"),
        (["--jobs", "bad.jsonl", "--approve"], "it excludes --target"),
        (["--jobs", "gone.jsonl"], "gone.jsonl: No such file"),
        ([], "--target: name the page to improve"),
    ):
        result = run("seo", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr
