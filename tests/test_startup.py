import logging

import pytest

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.startup import startup_line
from tests.doors import router_over, scripted


def test_it_names_preset_providers_missing_keys_and_what_a_job_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMBANOVA_API_KEY", "secret-value")
    line = startup_line(RouterConfig.builtin())
    preset, providers, keys, job, flat = line.split("; ")
    assert (preset, providers) == ("Preset mixed_optimal", "providers sambanova, nebius")
    assert keys == "without a key nebius-llama-405b, nebius-deepseek-r1 (set NEBIUS_API_KEY)"
    assert job == "a job of seo_job costs $0.769 (39.7% under all on nebius-llama-405b)"
    assert flat.startswith("a job of flat_100k costs $0.169 ")
    assert "secret-value" not in line


def test_it_is_logged_once_when_a_router_is_made(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        RouterChatModel({"preset": "nebius_balanced"})
    assert caplog.text.count("Preset nebius_balanced") == 1
    assert "set NEBIUS_API_KEY" in caplog.text


def test_models_that_are_handed_in_lack_no_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        router_over(scripted("yes", name="alpha"))
    assert "no model lacks a key" in caplog.text
