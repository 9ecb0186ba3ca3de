import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("trafilatura")
from graphs.seo.sample_server import SampleSite, served_sample_site
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import fault_server

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def site() -> Iterator[SampleSite]:
    with served_sample_site() as served:
        yield served


@pytest.fixture
def seo(run: Run, site: SampleSite) -> Run:
    competitors = [part for url in site.competitors[:2] for part in ("--competitor", url)]
    return lambda *more: run("seo", "--target", site.target, *competitors, "--allow-private", *more)


def test_the_report_is_data_with_all_that_is_promised(seo: Run, site: SampleSite) -> None:
    result = seo("--keyword", site.keyword, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert "simulator answers" in result.stderr
    assert (report["target"], report["keyword"], report["simulated"]) == (site.target, site.keyword, True)
    assert report["preset"] == "mixed_optimal"
    assert [page["url"] for page in report["pages"]] == [site.target, *site.competitors[:2]]
    assert len(report["recommendations"]) == 8
    assert {row["task"]: row["model"] for row in report["costs"]} == {
        "data_collection": "sambanova-llama-8b",
        "content_scraping": "sambanova-llama-8b",
        "gap_analysis": "sambanova-qwen-32b",
        "recommendations": "nebius-llama-405b",
    }
    assert report["total_cost_usd"] == pytest.approx(sum(row["cost_usd"] for row in report["costs"]))
    assert report["saving"] == pytest.approx(1 - report["total_cost_usd"] / report["baseline_cost_usd"], abs=1e-4)


def test_the_text_ends_with_the_cost_table(seo: Run) -> None:
    result = seo("--preset", "nebius_balanced")
    lines = result.stdout.splitlines()
    assert lines[1].startswith("SIMULATED")
    header = next(at for at, line in enumerate(lines) if line.startswith("task "))
    assert lines[header].split()[:6] == ["task", "model", "provider", "attempts", "tokens", "cost"]
    rows = {line.split()[0]: line.split() for line in lines[header + 1 :]}
    assert rows["gap_analysis"][1:4] == ["nebius-llama-8b", "nebius", "1"]
    assert rows["gap_analysis"][-2:] == ["98.0", "%"]
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!doctype html>"), ("r.md", "# SEO report"), ("r.json", "{")])
def test_the_report_is_written_in_the_format_of_the_suffix(seo: Run, tmp_path: Path, name: str, start: str) -> None:
    assert seo("--out", name).exit_code == 0
    text = (tmp_path / name).read_text()
    assert text.startswith(start)
    assert "imulated" in text
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_page_that_cannot_be_had_is_a_line_and_the_others_go_on(seo: Run, site: SampleSite) -> None:
    missing = site.target.replace("harbour-wheels", "missing")
    result = seo("--competitor", missing, "--json")
    assert result.exit_code == 0
    assert f"{missing}: fetch: the server answers HTTP 404" in result.stderr
    assert [(each["url"], each["stage"]) for each in json.loads(result.stdout)["errors"]] == [(missing, "fetch")]


def test_a_target_that_cannot_be_had_fails_and_leaves_no_file(run: Run, site: SampleSite, tmp_path: Path) -> None:
    missing = site.target.replace("harbour-wheels", "missing")
    arguments = ("--target", missing, "--competitor", site.competitors[0], "--allow-private", "--out", "r.html")
    result = run("seo", *arguments)
    assert result.exit_code == 1
    assert "r.html: not written" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_private_addresses_need_leave(run: Run, site: SampleSite) -> None:
    result = run("seo", "--target", site.target, "--competitor", site.competitors[0])
    assert result.exit_code == 1
    assert "--allow-private fetches from such addresses" in result.stderr


def test_competitors_come_from_saved_results(run: Run, site: SampleSite, tmp_path: Path) -> None:
    (tmp_path / "found.json").write_text(json.dumps([{"url": url, "title": "bikes"} for url in site.competitors]))
    arguments = ("--target", site.target, "--search", "found.json", "--allow-private", "--json")
    report = json.loads(run("seo", *arguments).stdout)
    assert len(report["pages"]) > 1
    assert {page["url"] for page in report["pages"]} <= {site.target, *site.competitors}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--live"], "--live: no provider has a key"),
        (["--preset", "nope"], "No preset 'nope'"),
        (["--out", "r.pdf"], "a report is written as .html, .md, .json"),
        (["--out", "gone/r.md"], "there is no folder"),
        (["--competitor", "bikes"], "'bikes' is no address of a web page"),
        (["--search", "bing"], "'bing' is neither duckduckgo nor serpapi nor a file"),
    ],
)
def test_wrong_usage_ends_with_two_before_anything_is_done(
    seo: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = seo(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_kept_is_not_paid_for_twice(seo: Run, run: Run, tmp_path: Path) -> None:
    with fault_server() as (server, _):
        providers = simulated_providers(RouterConfig.builtin(), server)
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({"providers": providers}))
        first = seo("--resume", "bikes", "--config", "c.yaml", "--json")
        asked = server.calls()
        again = run("seo", "--resume", "bikes", "--config", "c.yaml", "--json")
        assert server.calls() == asked > 0
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert json.loads(first.stdout) == json.loads(again.stdout)


def test_a_run_that_is_not_there_cannot_be_taken_up(run: Run) -> None:
    result = run("seo", "--resume", "bikes")
    assert result.exit_code == 2
    assert "modelrouter-runs.sqlite holds no run 'bikes'" in result.stderr


def test_many_jobs_run_in_one_go_each_with_its_cost(run: Run, site: SampleSite, tmp_path: Path) -> None:
    rows = [{"id": f"job {at}", "target": site.target, "competitors": [url]} for at, url in enumerate(site.competitors)]
    (tmp_path / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
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


def test_what_is_no_job_ends_with_two(run: Run, site: SampleSite, tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text(json.dumps({"target": site.target}) + "\n")
    (tmp_path / "bad.jsonl").write_text("nope\n")
    for arguments, said in (
        (["--jobs", "jobs.jsonl"], "has no competitors"),
        (["--jobs", "bad.jsonl"], "bad.jsonl:1: no JSON"),
        (["--jobs", "bad.jsonl", "--target", site.target], "it excludes --target"),
        ([], "--target: name the page to improve"),
    ):
        result = run("seo", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_a_person_decides_whether_the_report_is_written(
    seo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("typer.confirm", lambda question, **_: answer == "y\n")
    assert seo("--approve", "--out", "r.md").exit_code == code
    assert [path.name for path in tmp_path.iterdir()] == ["r.md"] * (code == 0)


def test_nothing_to_compare_with_is_wrong_usage(run: Run, site: SampleSite) -> None:
    result = run("seo", "--target", site.target)
    assert result.exit_code == 2
    assert "--competitor: nothing to compare with" in result.stderr


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_trafilatura(name: str) -> None:
        raise ModuleNotFoundError("No module named 'trafilatura'", name="trafilatura")

    monkeypatch.setattr("langchain_modelrouter.cli.graph_module.import_module", without_trafilatura)
    with pytest.raises(InvalidOptionError, match=r"needs trafilatura.*langchain-modelrouter\[seo\]"):
        graph_module("seo")
    with pytest.raises(InvalidOptionError, match="no graph of that name"):
        graph_module("nope")
