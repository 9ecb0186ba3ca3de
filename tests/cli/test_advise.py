import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def traffic(path: Path, prompts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in prompts))
    return path


def test_one_kind_of_request_needs_no_router(run: Run, tmp_path: Path) -> None:
    file = traffic(tmp_path / "t.jsonl", [f"Write a Python function that adds {n} to x" for n in range(20)])
    result = run("advise", "--data", file, "--requests-per-day", "5000")
    assert result.exit_code == 0
    assert result.stdout.startswith("Do not route: one model would do.")
    assert "100% of the requests are 'code'" in result.stdout


def test_the_advice_is_data_too(run: Run, tmp_path: Path) -> None:
    file = traffic(tmp_path / "t.jsonl", ["hi", "Write a SQL query that joins two tables"] * 5)
    found = json.loads(run("advise", "--data", file, "--requests-per-day", "20", "--json").stdout)
    assert found["route"] is False
    assert [each["reason"] for each in found["findings"] if each["holds"]] == ["low_volume"]


def test_what_is_no_traffic_ends_with_two(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"x": 1}\n')
    for name, said in (("t.jsonl", "t.jsonl:1: a `prompt`"), ("gone", "gone: No such file")):
        result = run("advise", "--data", name)
        assert result.exit_code == 2
        assert said in result.stderr
