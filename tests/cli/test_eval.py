import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

LABELLED = [
    ("hi there", "simple", "a"),
    ("Write a Python function that sorts a list of dicts by key", "code", "a"),
    ("Write a Python function that reverses a linked list", "code", "b"),
    ("Book me a table for two at eight tonight", "agent", "b"),
]
SCORED = [
    {
        "id": str(n),
        "prompt": f"What is {n} times {n + 1}?" + " Show every step." * n,
        "scores": {"weak": w, "strong": 1.0},
    }
    for n, w in enumerate([1, 1, 1, 0, 1, 0, 0, 0] * 4)
]


def lines_of(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [{"text": text, "label": label, "source": source} for text, label, source in LABELLED]
    return lines_of(tmp_path / "labelled.jsonl", rows)


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    return lines_of(tmp_path / "scored.jsonl", SCORED)


def test_a_classifier_stands_beside_one_answer_and_chance(run: Run, labelled: Path) -> None:
    result = run("eval", "--data", labelled)
    assert result.exit_code == 0
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines()[:2])
    assert facts["prompts"] == "4 of 2 sources"
    assert facts["accuracy"].endswith("(local)")
    assert "best single  0.500 (always code)" in result.stdout
    assert "random       0.333" in result.stdout
    confusion = result.stdout.partition("Confusion")[2].partition("\n\n")[0].splitlines()[2:]
    assert sum(int(cell) for line in confusion for cell in line.split()[1:]) == 4


def test_the_figures_are_data_too(run: Run, labelled: Path) -> None:
    found = json.loads(run("eval", "--data", labelled, "--perturb", "--json").stdout)
    assert found["metrics"]["count"] == 4
    assert set(found["by_source"]) == {"a", "b"}
    assert found["median_us"] > 0
    assert {each["kind"] for each in found["perturbed"]} == {
        "lower_case",
        "upper_case",
        "typos",
        "greeting",
        "politeness",
    }


def test_routing_stands_beside_random_and_length(run: Run, scored: Path) -> None:
    text = run("eval", "--outcomes", scored).stdout
    assert "Routed between weak and strong by difficulty, 32 prompts" in text
    found = json.loads(run("eval", "--outcomes", scored, "--json").stdout)
    assert (found["weak"], found["strong"], found["best_single"]["quality"]) == ("weak", "strong", 1.0)
    assert found["curve"][0]["threshold"] is None  # infinite: nothing is strong
    assert found["apgr"]["low"] <= found["apgr"]["value"] <= found["apgr"]["high"]


@pytest.mark.parametrize("option", ["--data", "--outcomes"])
def test_the_page_opens_offline(run: Run, tmp_path: Path, labelled: Path, scored: Path, option: str) -> None:
    file = labelled if option == "--data" else scored
    assert run("eval", option, file, "--out", "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert '<polyline class="curve"' in page
    assert "http" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --data or --outcomes"),
        (["--data", "labelled.jsonl", "--outcomes", "scored.jsonl"], "give either --data or --outcomes"),
        (["--data", "gone"], "gone: No such file"),
        (["--data", "scored.jsonl"], "scored.jsonl:1: give `text` and `label`"),
        (["--outcomes", "labelled.jsonl"], "labelled.jsonl:1: `prompt` and `scores`"),
        (["--outcomes", "scored.jsonl", "--weak", "nope"], "no prompt has scores of both 'nope' and 'strong'"),
        (["--data", "labelled.jsonl", "--out", "page.pdf"], "the page is written as .html"),
        (["--data", "labelled.jsonl", "--classifier", "llm"], "'llm' does not classify texts offline"),
    ],
)
def test_wrong_usage_ends_with_two(run: Run, labelled: Path, scored: Path, arguments: list[str], said: str) -> None:
    result = run("eval", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
