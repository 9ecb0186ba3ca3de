import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def test_models_are_listed_with_their_prices(run: Run) -> None:
    result = run("models", "--provider", "nebius")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[2][:6] == ["nebius-llama-405b", "large", "1.5", "1.5", "40", "128k"]
    assert len(rows) == 5


def test_an_unknown_price_is_shown_as_unknown(run: Run) -> None:
    row = next(line for line in run("models").stdout.splitlines() if line.startswith("anthropic-claude-3-opus"))
    assert row.split()[2:4] == ["15", "?"]


def test_models_are_data_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMBANOVA_API_KEY", "secret")
    result = run("models", "--size", "tiny", "--json")
    found = {model["key"]: model for model in json.loads(result.stdout)}
    assert set(found) >= {"sambanova-llama-8b", "nebius-llama-8b"}
    assert found["sambanova-llama-8b"]["input_usd_per_mtok"] == 0.02
    assert found["sambanova-llama-8b"]["missing_key"] is None
    assert found["nebius-llama-8b"]["missing_key"] == "NEBIUS_API_KEY"
    assert "secret" not in result.stdout


@pytest.mark.parametrize(("option", "value", "near"), [("--provider", "nebuis", "nebius"), ("--size", "tinny", "tiny")])
def test_a_filter_that_can_match_nothing_is_refused(run: Run, option: str, value: str, near: str) -> None:
    result = run("models", option, value)
    assert result.exit_code == 2
    assert f"Did you mean '{near}'?" in result.stderr
