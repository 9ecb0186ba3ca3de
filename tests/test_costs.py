from decimal import Decimal

import pytest

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.costs import TOKEN_PROFILES, job_cost
from langchain_modelrouter.errors import UnknownModelError, UnknownNameError, UnknownPresetError

BUILTIN = RouterConfig.builtin()


def test_one_seo_job_costs_what_the_article_computes() -> None:
    cost = job_cost(BUILTIN, "sambanova_optimized", "seo_job")
    assert {row.task: row.usd for row in cost.by_task} == {
        "data_collection": Decimal("0.001"),
        "content_scraping": Decimal("0.002"),
        "gap_analysis": Decimal("0.016"),
        "recommendations": Decimal("0.25"),
    }
    assert cost.total_usd == Decimal("0.269")
    assert (cost.baseline_model, cost.baseline_usd) == ("nebius-llama-405b", Decimal("1.275"))
    assert round(cost.saving or 0, 3) == Decimal("0.789")


def test_the_flat_estimate_is_another_quantity() -> None:
    cost = job_cost(BUILTIN, "sambanova_optimized", "flat_100k")
    assert cost.total_usd == Decimal("0.069")
    assert [row.tokens for row in cost.by_task] == [100_000] * 6
    assert cost.baseline_usd == Decimal("0.9")


def test_the_preset_in_force_is_the_default() -> None:
    cost = job_cost(BUILTIN)
    assert (cost.preset, cost.profile) == ("mixed_optimal", "seo_job")
    assert cost.total_usd == Decimal("0.769")  # recommendations on the 405B model: 0.001 + 0.002 + 0.016 + 0.750


def test_an_unknown_price_makes_the_total_unknown_and_never_free() -> None:
    cost = job_cost(BUILTIN, "reasoning_split")
    assert (cost.total_usd, cost.saving) == (None, None)


def test_any_model_can_be_the_baseline() -> None:
    assert job_cost(BUILTIN, baseline="nebius-llama-8b").baseline_usd == Decimal("0.0255")
    with pytest.raises(UnknownModelError):
        job_cost(BUILTIN, baseline="nope")


def test_many_small_calls_stay_below_the_price_of_long_input() -> None:
    config = RouterConfig(presets={"mine": {"default": "openai-gpt-6-luna"}})
    tokens = sum(TOKEN_PROFILES["seo_job"].tokens.values())
    expected = tokens * (Decimal("0.8") * Decimal("0.1") + Decimal("0.2") * Decimal("0.5")) / 1_000_000
    assert job_cost(config, "mine").total_usd == expected


def test_a_configuration_without_the_baseline_has_none() -> None:
    config = RouterConfig.model_validate(
        {
            "extends": "none",
            "providers": {"p": {}},
            "models": {"m": {"provider": "p", "api_name": "m", "input_usd_per_mtok": 1, "output_usd_per_mtok": 1}},
            "presets": {"mine": {"default": "m"}, "bare": {"general": "m"}},
            "preset": "mine",
        }
    )
    cost = job_cost(config)
    assert (cost.total_usd, cost.baseline_usd, cost.saving) == (Decimal("0.85"), None, None)
    assert [row.model for row in job_cost(config, "bare").by_task] == [None] * 4


def test_unknown_names_are_errors() -> None:
    with pytest.raises(UnknownNameError, match="flat_100k"):
        job_cost(BUILTIN, profile="seo")
    with pytest.raises(UnknownPresetError):
        job_cost(BUILTIN, "nope")
