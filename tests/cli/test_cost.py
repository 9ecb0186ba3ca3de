import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def row(text: str, *starts: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[: len(starts)] == list(starts))


def test_plain_cost_shows_both_quantities_under_their_own_names(run: Run) -> None:
    text = run("cost").stdout
    assert row(text, "seo_job", "sambanova_optimized")[2:5] == ["$0.269", "78.9", "%"]
    assert row(text, "flat_100k", "sambanova_optimized")[2] == "$0.069"


def test_one_preset_is_shown_task_by_task(run: Run) -> None:
    text = run("cost", "--preset", "sambanova_optimized", "--profile", "seo_job").stdout
    assert text.startswith("seo_job on sambanova_optimized")
    assert row(text, "gap_analysis") == ["gap_analysis", "sambanova-qwen-32b", "200,000", "$0.016"]
    assert row(text, "total") == ["total", "850,000", "$0.269"]
    assert row(text, "all", "on", "nebius-llama-405b")[3:] == ["850,000", "$1.275"]
    assert row(text, "saving") == ["saving", "78.9", "%"]
    assert "flat_100k" not in text


def test_costs_are_data_too(run: Run) -> None:
    arguments = ("--preset", "sambanova_optimized", "--profile", "flat_100k", "--jobs-per-day", "100", "--json")
    found = json.loads(run("cost", *arguments).stdout)
    (job,) = found["jobs"]
    assert (job["token_profile"], job["total_usd"], job["usd_per_day"]) == ("flat_100k", 0.069, 6.9)
    assert {entry["token_profile"] for entry in found["presets"]} == {"flat_100k"}
    assert next(entry for entry in found["presets"] if entry["preset"] == "support_bot")["total_usd"] is None


def test_jobs_are_counted_per_day_and_month(run: Run) -> None:
    text = run("cost", "--jobs-per-day", "200").stdout
    assert row(text, "seo_job", "sambanova_optimized")[-2:] == ["$53.80", "$1,614.00"]


@pytest.mark.parametrize(
    ("option", "value"), [("--preset", "nope"), ("--profile", "seo"), ("--baseline", "nebius-llama-404b")]
)
def test_unknown_names_end_with_two(run: Run, option: str, value: str) -> None:
    result = run("cost", option, value)
    assert result.exit_code == 2
    assert value in result.stderr
