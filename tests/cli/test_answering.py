import pytest

from langchain_modelrouter.cli.answering import answering, is_simulated
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import InvalidOptionError

_MODEL = {"provider": "p", "api_name": "m", "input_usd_per_mtok": 1, "output_usd_per_mtok": 2}


def one_provider(api_key_env: str | None) -> RouterConfig:
    return RouterConfig.model_validate(
        {
            "extends": "none",
            "providers": {"p": {"base_url": "http://127.0.0.1:1/v1", "api_key_env": api_key_env}},
            "models": {"p-m": _MODEL},
            "presets": {"mine": {"default": "p-m"}},
        }
    )


@pytest.mark.parametrize(
    ("key", "live", "simulate", "expected"),
    [("", False, False, True), ("k", False, False, False), ("k", True, False, False), ("k", False, True, True)],
)
def test_the_simulator_answers_without_a_key_or_when_asked(
    monkeypatch: pytest.MonkeyPatch, key: str, live: bool, simulate: bool, expected: bool
) -> None:
    monkeypatch.setenv("THE_KEY", key)
    assert is_simulated(one_provider("THE_KEY"), live=live, simulate=simulate) is expected


def test_live_without_a_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THE_KEY", raising=False)
    with pytest.raises(InvalidOptionError, match="set THE_KEY"):
        is_simulated(one_provider("THE_KEY"), live=True, simulate=False)


def test_a_provider_that_needs_no_key_answers_itself() -> None:
    assert is_simulated(one_provider(None), live=True, simulate=False) is False


def test_a_spare_provider_without_a_key_does_not_make_a_preset_live(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {provider.api_key_env for provider in RouterConfig.builtin().providers.values()} - {None}:
        monkeypatch.delenv(str(name), raising=False)
    assert RouterConfig.builtin().providers["ollama"].api_key_env is None
    assert is_simulated(RouterConfig.builtin(), live=False, simulate=False) is True


def test_the_simulator_answers_under_the_configured_names_and_prices(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(None, simulate=True) as by:
        message = by.router.invoke("hello", task="gap_analysis")
    routed = message.response_metadata["model_router"]
    assert (routed["model"], message.response_metadata["system_fingerprint"]) == ("sambanova-qwen-32b", "simulated")
    usage = message.usage_metadata
    assert usage is not None
    assert routed["cost_usd"] == pytest.approx(usage["total_tokens"] * 0.08 / 1e6)
    assert capsys.readouterr().err.count("\n") == 1
