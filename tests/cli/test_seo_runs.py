"""`modelrouter seo`: runs that are kept under a name, and taken up again."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("trafilatura")
from graphs.seo.sample_server import SampleSite, served_sample_site
from langchain_modelrouter.cli import render
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import fault_server

Run = Callable[..., Any]
MODELROUTER = (sys.executable, "-c", "from langchain_modelrouter.cli.main import main; main()")


@pytest.fixture(scope="module")
def site() -> Iterator[SampleSite]:
    with served_sample_site() as served:
        yield served


@pytest.fixture
def pages(site: SampleSite) -> list[str]:
    competitors = [part for url in site.competitors[:2] for part in ("--competitor", url)]
    return ["--target", site.target, *competitors, "--allow-private"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Simulator]:
    """Start a simulator, and write a configuration that calls it and keeps a ledger."""
    with fault_server() as (simulator, _):
        write_config(tmp_path, simulator)
        yield simulator


def write_config(folder: Path, simulator: Simulator) -> None:
    providers = simulated_providers(RouterConfig.builtin(), simulator)
    ledger = {"path": str(folder / "ledger.sqlite")}
    (folder / "c.yaml").write_text(yaml.safe_dump({"providers": providers, "ledger": ledger}))


def test_a_finished_run_is_shown_again_and_not_paid_for_again(run: Run, pages: list[str], server: Simulator) -> None:
    first = run("seo", *pages, "--thread", "bikes", "--config", "c.yaml", "--json")
    asked = server.calls()
    again = run("seo", "--resume", "bikes", "--json")
    assert server.calls() == asked > 0
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert json.loads(first.stdout) == json.loads(again.stdout)


def test_a_run_that_is_given_no_name_says_the_one_it_has(run: Run, pages: list[str], server: Simulator) -> None:
    first = run("seo", *pages, "--config", "c.yaml", "--checkpoints", "mine.sqlite", "--json")
    command = first.stderr.strip().partition("modelrouter seo ")[2].split()
    asked = server.calls()
    assert json.loads(run("seo", *command, "--json").stdout) == json.loads(first.stdout)
    assert server.calls() == asked


def test_a_run_that_is_not_there_cannot_be_taken_up(run: Run, tmp_path: Path) -> None:
    result = run("seo", "--resume", "bikes")
    assert result.exit_code == 2
    assert "modelrouter-seo.sqlite holds no run 'bikes'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_stands_for_one_run(run: Run, pages: list[str], site: SampleSite) -> None:
    assert run("seo", *pages, "--thread", "bikes").exit_code == 0
    for more, said in (
        (["--target", site.competitors[2]], "--target: the run of that name has another"),
        (["--competitor", site.competitors[2]], "--competitor: the run of that name has another"),
        (["--live"], "the run began on the simulator"),
    ):
        result = run("seo", "--resume", "bikes", *more)
        assert result.exit_code == 2
        assert said in result.stderr


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return a function that sits a person with one answer at the terminal; it gives what the person is asked."""

    def sit(answer: str) -> list[str]:
        asked: list[str] = []

        def confirm(question: str, **_: Any) -> bool:
            asked.append(question)
            if answer == "goes away":
                raise KeyboardInterrupt
            return answer == "yes"

        monkeypatch.setattr("typer.confirm", confirm)
        monkeypatch.setattr(render, "is_terminal", lambda stream=None: stream is sys.stdin)
        return asked

    return sit


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1)])
def test_a_person_decides_whether_the_report_is_written(
    run: Run, pages: list[str], tmp_path: Path, person: Callable[[str], list[str]], answer: str, code: int
) -> None:
    asked = person(answer)
    result = run("seo", *pages, "--approve", "--out", "r.md")
    assert (result.exit_code, asked) == (code, ["Publish this report?"])
    assert result.stdout.count("Pages") == 1
    assert (tmp_path / "r.md").exists() == (code == 0)


def test_a_person_who_goes_away_is_asked_again_and_nothing_is_paid_again(
    run: Run, pages: list[str], tmp_path: Path, server: Simulator, person: Callable[[str], list[str]]
) -> None:
    person("goes away")
    assert run("seo", *pages, "--config", "c.yaml", "--thread", "bikes", "--approve", "--out", "r.md").exit_code != 0
    paid = server.calls()
    asked = person("yes")
    # The gate is part of the run: it is passed by a person only, also where --approve is not repeated.
    assert run("seo", "--resume", "bikes", "--out", "r.md").exit_code == 0
    assert asked == ["Publish this report?"]
    assert (tmp_path / "r.md").exists()
    assert server.calls() == paid


@pytest.mark.slow
@pytest.mark.parametrize("answered", [0, 3, 5])
def test_a_killed_command_goes_on_without_repeating_a_paid_call(
    pages: list[str], tmp_path: Path, server: Simulator, answered: int
) -> None:
    server.fault("*", "no_reply", after=answered, times=1)
    with subprocess.Popen(
        [*MODELROUTER, "seo", *pages, "--config", "c.yaml", "--thread", "t"], cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as command:
        wait_until(lambda: any(each.fault for each in server.requests))
        time.sleep(0.3)  # the answers before are stored, and the ledger has taken note of the call that hangs
        command.kill()
    assert command.returncode == -signal.SIGKILL
    resumed = subprocess.run([*MODELROUTER, "seo", "--resume", "t", "--json"], cwd=tmp_path, capture_output=True)
    assert resumed.returncode == 0, resumed.stderr
    report = json.loads(resumed.stdout)
    rows = SqliteLedger(tmp_path / "ledger.sqlite").rows()
    outcomes = Counter(row.attempt.outcome for row in rows)
    assert outcomes["ok"] == sum(row["attempts"] for row in report["costs"]) == 6
    assert outcomes.keys() == {"ok", "lost"}
    assert {row.thread_id for row in rows} == {"t"}
    assert len(server.requests) == len(rows)
    prompts = [json.dumps(each.body["messages"]) for each in server.requests if each.outcome == "ok"]
    assert len(set(prompts)) == len(prompts) == 6
    assert len(report["recommendations"]) == 8


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_keeps_no_runs_is_named(run: Run, pages: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database, and longer than the header of one would be" * 20)
    result = run("seo", *pages, "--checkpoints", "notes.txt")
    assert result.exit_code == 2
    assert "notes.txt: runs cannot be kept there: file is not a database" in result.stderr
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "notes.txt").execute("select 1 from checkpoints")
