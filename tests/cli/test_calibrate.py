import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from langchain_modelrouter.routing.classifiers.difficulty import difficulty

Run = Callable[..., Any]

PROMPTS = [f"What is {number} plus {number}?{' Explain each step of the proof.' * number}" for number in range(10)]


@pytest.fixture
def files(tmp_path: Path) -> None:
    rows = [{"prompt": text} for text in PROMPTS]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    by_difficulty = sorted(PROMPTS, key=difficulty)
    scored = [
        {"prompt": text, "scores": {"weak": float(at < 5), "strong": 1.0}} for at, text in enumerate(by_difficulty)
    ]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scored))


@pytest.mark.usefixtures("files")
def test_a_share_of_strong_calls(run: Run) -> None:
    found = json.loads(run("calibrate", "--share", "0.3", "--data", "p.jsonl", "--json").stdout)
    assert found["prompts"] == 10
    assert sum(difficulty(text) >= found["threshold"] for text in PROMPTS) == round(found["share"] * 10)
    shown = run("calibrate", "--share", "0.3", "--data", "p.jsonl").stdout
    assert f"threshold     {found['threshold']:.6f}" in shown


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("wanted", [["--recover", "0.8"], ["--quality", "0.9"]])
def test_a_quality_is_reached_with_the_fewest_strong_calls(run: Run, wanted: list[str]) -> None:
    found = json.loads(run("calibrate", *wanted, "--outcomes", "s.jsonl", "--json").stdout)
    assert found["wanted"] == pytest.approx(0.9)
    assert found["strong_share"] == pytest.approx(0.4)
    assert found["quality"]["value"] >= 0.9


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of --share, --quality and --recover"),
        (["--share", "0.3", "--recover", "0.5"], "give one of"),
        (["--share", "0.3"], "name a file"),
        (["--recover", "0.5"], "name a file"),
        (["--share", "1.3", "--data", "p.jsonl"], "--share"),
        (["--share", "0.3", "--data", "gone"], "gone: No such file"),
        (["--quality", "1.5", "--outcomes", "s.jsonl"], "out of reach"),
    ],
)
def test_wrong_usage_ends_with_two(run: Run, arguments: list[str], said: str) -> None:
    result = run("calibrate", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
