import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_every_candidate_is_ranked_and_the_task_is_explained(run: Run) -> None:
    result = run("route", "Write a SQL query that joins two tables")
    assert result.exit_code == 0
    assert "as if every provider had a key" in result.stderr
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines()[:6])
    assert facts["model"] == "sambanova-deepseek-v3"
    assert facts["task"].startswith("code (classifier:local, confidence ")
    assert facts["preset"] == "mixed_optimal, strategy preset"
    rows = [line.split() for line in result.stdout.splitlines()[8:]]
    assert [row[0] for row in rows if row[0].isdigit()] == [str(rank) for rank in range(1, len(rows))]
    assert "the preset's first choice" in result.stdout


def test_the_decision_is_data_too(run: Run) -> None:
    found = json.loads(run("route", "--task", "gap_analysis", "--json", "Compare the pages").stdout)
    assert (found["model"], found["task_source"], found["confidence"]) == ("sambanova-qwen-32b", "explicit", None)
    assert [each["model"] for each in found["candidates"] if each["rank"]] == found["ranked"]
    assert found["candidates"][0]["missing_key"] == "SAMBANOVA_API_KEY"
    # 5 tokens of text, 4 of the message, 200 out, at $0.08 per million
    assert found["expected_cost_usd"] == pytest.approx((found["input_tokens"] + 200) * 0.08 / 1e6)
    assert 0 < found["difficulty"] < 1


def test_a_refused_candidate_says_why(run: Run) -> None:
    found = json.loads(run("route", "--task", "classification", "--tag", "family=llama", "--json", "hello").stdout)
    assert found["refused"]["sambanova-qwen-32b"] == "the call asks for family=llama"
    refused = next(each for each in found["candidates"] if each["model"] == "sambanova-qwen-32b")
    assert (refused["rank"], refused["refused"]) == (None, "the call asks for family=llama")


def test_with_one_key_the_decision_is_the_true_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEBIUS_API_KEY", "secret")
    result = run("route", "--task", "gap_analysis", "--json", "Compare the pages")
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert found["model"].startswith("nebius-")
    assert "SAMBANOVA_API_KEY" in found["refused"]["sambanova-qwen-32b"]


def test_where_no_model_can_serve_each_says_why(run: Run) -> None:
    result = run("route", "--task", "simple", "--max-cost-usd", "0.0000001", "hello")
    assert result.exit_code == 1
    assert "above the ceiling" in result.stdout
    assert "No model can serve task 'simple'." in result.stderr


def test_the_configured_fallback_is_called_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "modelrouter.yaml").write_text("fallback: {models: {sambanova-qwen-32b: [nebius-llama-405b]}}\n")
    found = json.loads(run("route", "--task", "gap_analysis", "--json", "x").stdout)
    assert found["candidates"][1]["model"] == "nebius-llama-405b"
    assert found["candidates"][1]["why"] == "the configured fallback"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--task", "nope"], "No task 'nope'"),
        (["--model", "nope"], "No model 'nope'"),
        (["--preset", "nope"], "No preset 'nope'"),
        (["--live"], "set SAMBANOVA_API_KEY"),
        (["--live", "--simulate"], "excludes --simulate"),
    ],
)
def test_wrong_usage_ends_with_two(run: Run, arguments: list[str], said: str) -> None:
    result = run("route", *arguments, "hello")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
