import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from langchain_modelrouter.routing.classifiers.difficulty import difficulty

Run = Callable[..., Any]

PROMPTS = {"1": "hi", "b": "Write a Python function that reverses a list", 'c,"d"': "Is it raining,\nnow?"}


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"id": key, "prompt": text}) + "\n" for key, text in PROMPTS.items()))
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_each_prompt_gets_a_row(run: Run, prompts: Path, tmp_path: Path) -> None:
    result = run("classify", "--in", prompts, "--out", "out.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    rows = rows_of(tmp_path / "out.csv")
    assert [row["id"] for row in rows] == list(PROMPTS)
    assert list(rows[0]) == ["id", "predicted", "confidence", "difficulty"]
    assert {row["predicted"] for row in rows} <= {"simple", "general", "reasoning", "code", "agent"}
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)
    assert [float(row["difficulty"]) for row in rows] == [
        pytest.approx(difficulty(text), abs=1e-6) for text in PROMPTS.values()
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "prompts.jsonl"]


def test_stdout_gets_the_same_rows_and_json_too(run: Run, prompts: Path) -> None:
    shown = list(csv.DictReader(run("classify", "--in", prompts).stdout.splitlines(keepends=True)))
    data = json.loads(run("classify", "--in", prompts, "--json").stdout)
    assert [(row["id"], row["predicted"], float(row["confidence"])) for row in shown] == [
        (row["id"], row["predicted"], row["confidence"]) for row in data
    ]


def test_bad_lines_are_named_and_left_out(run: Run, tmp_path: Path) -> None:
    lines = [
        b'{"id": 1, "prompt": "hi"}',
        b"nope",
        b"",
        b"[1]",
        b'{"id": 2}',
        b'{"prompt": "x"}',
        b"\xff",
        b'{"id":3,"prompt":""}',
    ]
    (tmp_path / "p.jsonl").write_bytes(b"\n".join(lines))
    result = run("classify", "--in", "p.jsonl", "--out", "out.csv")
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.stderr.splitlines()[:-1]] == [
        f"p.jsonl:{n}" for n in (2, 4, 5, 6, 7)
    ]
    assert result.stderr.splitlines()[-1] == "2 prompts judged in out.csv. 5 lines left out."
    assert [row["id"] for row in rows_of(tmp_path / "out.csv")] == ["1", "3"]


def test_another_classifier_may_be_named(run: Run, prompts: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("routing: {classifier: complexity}\n")
    by_name = run("classify", "--in", prompts, "--classifier", "complexity").stdout
    assert run("classify", "--in", prompts, "--config", "c.yaml").stdout == by_name
    assert run("classify", "--in", prompts).stdout != by_name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--in", "gone.jsonl"], "--in: gone.jsonl: No such file"),
        (["--in", "p", "--out", "gone/out.csv"], "there is no folder gone"),
        (["--in", "p", "--out", "."], "it is a folder"),
        (["--in", "p", "--classifier", "llm"], "'llm' does not classify texts offline"),
        (["--in", "p", "--weights", "p"], "--weights"),
    ],
)
def test_wrong_usage_ends_with_two_and_leaves_nothing(
    run: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "p").write_text('{"id": 1, "prompt": "hi"}\n')
    result = run("classify", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
