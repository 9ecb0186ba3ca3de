import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import fault_server

pytest.importorskip("trafilatura")
Run = Callable[..., Any]


def test_the_demo_shows_fallback_costs_and_a_switch(run: Run, tmp_path: Path) -> None:
    result = run("demo")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1 ", "2 ", "3 ", "4 "]
    assert any("SIMULATED" in line for line in lines)
    assert "sambanova answers 2 requests with 429" in result.stdout
    failed = next(line for line in lines if line.startswith("content_scraping  sambanova-llama-8b  OpenAIRateLimit"))
    assert failed.split()[-1] == "nebius-llama-8b"
    assert any(line.startswith("total ") and line.endswith("%") for line in lines)
    assert "preset: mixed_optimal  ->  preset: nebius_balanced" in result.stdout
    assert " 0 failed." in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_is_data_too(run: Run) -> None:
    found = json.loads(run("demo", "--simulate", "--json").stdout)
    assert len(found["report"]["recommendations"]) == 8
    assert found["report"]["simulated"] is True
    assert {each["task"] for each in found["failures"]} <= {row["task"] for row in found["report"]["costs"]}
    switch = found["switch"]
    assert (switch["before"], switch["after"], switch["failed"]) == ("mixed_optimal", "nebius_balanced", 0)
    assert 0 <= switch["in_force_s"] < 2
    assert found["seconds"] < 60
    assert found["ledger"]["total"]["cost_usd"] == pytest.approx(found["report"]["total_cost_usd"])


def test_the_page_on_the_ledger_says_that_it_is_simulated(run: Run, tmp_path: Path) -> None:
    assert run("demo", "--html", "ledger.html").exit_code == 0
    page = (tmp_path / "ledger.html").read_text()
    assert "Simulated: no provider was called" in page
    assert "nebius-llama-405b" in page


def test_with_a_provider_that_can_be_asked_nothing_is_simulated(run: Run, tmp_path: Path) -> None:
    with fault_server() as (server, _):
        providers = simulated_providers(RouterConfig.builtin(), server)
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({"providers": providers, "preset": "nebius_balanced"}))
        result = run("demo", "--live", "--config", "c.yaml")
        asked = server.calls()
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "429" not in result.stdout
    assert "preset: nebius_balanced  ->" in result.stdout
    assert asked > 7


def test_live_without_a_key_is_refused(run: Run) -> None:
    result = run("demo", "--live")
    assert (result.exit_code, result.stdout) == (2, "")


def test_one_provider_without_prices_is_shown_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        """
        extends: none
        providers: {p: {base_url: "http://127.0.0.1:1/v1", api_key_env: NOBODY_HAS_IT}}
        models: {p-m: {provider: p, api_name: m, capabilities: [json_schema]}}
        tasks: {data_collection: {}, content_scraping: {}, gap_analysis: {}, recommendations: {}}
        presets: {mine: {default: p-m}}
        """
    )
    result = run("demo", "--config", "c.yaml")
    assert result.exit_code == 0
    total = next(line.split() for line in result.stdout.splitlines() if line.startswith("total"))
    assert total[-3:] == ["?", "?", "?"]
    assert "Left out: no other preset" in result.stdout
