import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trafilatura")
from graphs.seo.sample_server import SampleSite, served_sample_site
from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.errors import InvalidOptionError

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
    said, run = result.stderr.splitlines()
    assert "simulator answers" in said
    assert run.startswith("This is run seo-")
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
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "modelrouter-seo.sqlite"])


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
    assert not (tmp_path / "r.html").exists()


def test_private_addresses_need_leave(run: Run, site: SampleSite) -> None:
    result = run("seo", "--target", site.target, "--competitor", site.competitors[0])
    assert result.exit_code == 1
    assert "--allow-private fetches from such addresses" in result.stderr


def test_competitors_come_from_saved_results(run: Run, site: SampleSite, tmp_path: Path) -> None:
    (tmp_path / "found.json").write_text(json.dumps([{"url": url, "title": "bikes"} for url in site.competitors]))
    arguments = ("--target", site.target, "--search", "found.json", "--max-pages", 2, "--allow-private", "--json")
    report = json.loads(run("seo", *arguments).stdout)
    assert len(report["pages"]) == 3
    assert {page["url"] for page in report["pages"]} < {site.target, *site.competitors}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--live"], "--live: no provider has a key"),
        (["--preset", "nope"], "No preset 'nope'"),
        (["--out", "r.pdf"], "a report is written as .html, .md, .json"),
        (["--out", "gone/r.md"], "there is no folder"),
        (["--competitor", "bikes"], "'bikes' is no address of a web page"),
        (["--search", "bing"], "'bing' is neither duckduckgo nor serpapi nor a file"),
        (["--search", "serpapi"], "serpapi needs a key in SERPAPI_API_KEY"),
        (["--live", "--simulate"], "--live: it excludes --simulate"),
        (["--approve"], "it asks a person, and standard input is no terminal"),
        (["--checkpoints", "gone/c.sqlite"], "gone/c.sqlite: runs cannot be kept there"),
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
