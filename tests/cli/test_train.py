import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
Run = Callable[..., Any]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    animals, colours = ("cat", "dog", "horse", "mouse", "lion"), ("red", "green", "blue", "black", "white")
    rows = [
        {"text": f"{start} {word} {end}", "label": label, "source": source}
        for label, words in (("animal", animals), ("colour", colours))
        for word in words
        for source, start, end in (("a", "look at the", "here"), ("b", "I saw a", "today"), ("c", "my", "is nice"))
    ]
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_weights_are_trained_and_can_be_used(run: Run, tmp_path: Path, data: Path) -> None:
    result = run("train", "--data", data, "--out", "my.weights", "--folds", "3")
    assert result.exit_code == 0
    assert "30 prompts, 2 labels, 3 sources" in result.stdout
    assert "On sources left out of training" in result.stdout
    (tmp_path / "p.jsonl").write_text('{"id": 1, "prompt": "the dog here"}\n{"id": 2, "prompt": "a blue day"}\n')
    rows = json.loads(run("classify", "--in", "p.jsonl", "--weights", "my.weights", "--json").stdout)
    assert [row["predicted"] for row in rows] == ["animal", "colour"]


def test_the_figures_are_data_and_the_bytes_are_reproducible(run: Run, tmp_path: Path, data: Path) -> None:
    found = json.loads(run("train", "--data", data, "--out", "one", "--folds", "3", "--json").stdout)
    run("train", "--data", data, "--out", "two", "--folds", "3")
    assert found["labels"] == {"animal": 15, "colour": 15}
    assert found["size_bytes"] == (tmp_path / "one").stat().st_size
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("text", "out", "said"),
    [
        ("nope\n", "w", "data.jsonl:1"),
        ('{"text": "a", "label": "b"}\n', "w", "--data"),
        ('{"text": "a", "label": "b"}\n', "gone/w", "there is no folder gone"),
    ],
)
def test_wrong_usage_ends_with_two_and_leaves_nothing(
    run: Run, tmp_path: Path, data: Path, text: str, out: str, said: str
) -> None:
    data.write_text(text)
    result = run("train", "--data", data, "--out", out)
    assert result.exit_code == 2
    assert said in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]
