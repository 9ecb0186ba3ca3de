"""The built-in catalogue, against the tables of the articles that it was taken from."""

from datetime import date
from decimal import Decimal

import pytest

from langchain_modelrouter.catalog.builtin import builtin_catalog
from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.config import RouterConfig

SEO_ARTICLE = """
sambanova-llama-8b llama-8b sambanova Meta-Llama-3.1-8B-Instruct tiny 0.02 150 128000
sambanova-qwen-32b qwen-32b sambanova Qwen3-32B small 0.08 100 32768
sambanova-llama-17b llama-17b sambanova Llama-4-Maverick-17B-128E-Instruct small 0.05 120 128000
sambanova-llama-70b llama-70b sambanova Meta-Llama-3.3-70B-Instruct medium 0.20 80 128000
sambanova-deepseek-70b deepseek-70b sambanova DeepSeek-R1-Distill-Llama-70B medium 0.25 75 64000
sambanova-gpt-120b gpt-120b sambanova gpt-oss-120b large 0.40 60 32768
sambanova-deepseek-v3 deepseek-v3 sambanova DeepSeek-V3.1 large 0.50 50 64000
nebius-llama-8b llama-8b nebius meta-llama/Meta-Llama-3.1-8B-Instruct tiny 0.03 140 128000
nebius-llama-405b llama-405b nebius meta-llama/Meta-Llama-3.1-405B-Instruct large 1.50 40 128000
nebius-deepseek-chat-v3 deepseek-chat-v3 nebius deepseek/deepseek-chat-v3 large 0.60 45 64000
nebius-deepseek-r1 deepseek-r1 nebius deepseek/deepseek-r1 large 0.80 35 64000
"""

AGGREGATOR = """
cheapestinference-llama-8b meta-llama/llama-3.1-8b-instruct 200 0.2
cheapestinference-deepseek-v3 deepseek/deepseek-chat-v3-0324 60 1.18
cheapestinference-deepseek-reasoner deepseek/deepseek-reasoner 30 2.0
cheapestinference-kimi-k2-5 moonshotai/kimi-k2-5 334 0.31
"""

PER_THOUSAND = """
openai gpt-4o-mini 0.00015 0.0006
openai gpt-4o 0.0025 0.01
anthropic claude-3-5-sonnet-20241022 0.003 0.015
anthropic claude-3-opus-20240229 0.015 ?
"""


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def model(name: str) -> ModelInfo:
    return RouterConfig.builtin().registry.resolve(name)


@pytest.mark.parametrize("row", rows(SEO_ARTICLE), ids=lambda row: row[0])
def test_the_two_clouds_are_as_their_article_says(row: list[str]) -> None:
    key, canonical, provider, api_name, size, price, tokens_per_s, context = row
    found = model(key)
    assert (found.canonical, found.provider, found.api_name, found.size) == (canonical, provider, api_name, size)
    assert found.input_usd_per_mtok == found.output_usd_per_mtok == Decimal(price)
    assert (found.tokens_per_s, found.context_window) == (float(tokens_per_s), int(context))
    assert (found.source, found.checked) == ("multi-agent SEO article", date(2026, 11, 20))


@pytest.mark.parametrize("row", rows(AGGREGATOR), ids=lambda row: row[0])
def test_the_aggregator_is_as_its_article_says(row: list[str]) -> None:
    found = model(row[0])
    assert (found.api_name, found.tokens_per_s, found.ttft_s) == (row[1], float(row[2]), float(row[3]))
    assert found.output_usd_per_mtok is None


def test_two_hundred_tokens_of_the_coder_take_as_long_as_measured() -> None:
    assert model("cheapestinference-qwen3-coder").latency_s(200) == pytest.approx(3.5, abs=1e-6)


@pytest.mark.parametrize("row", rows(PER_THOUSAND), ids=lambda row: row[1])
def test_prices_per_thousand_tokens_became_prices_per_million(row: list[str]) -> None:
    provider, api_name, price_in, price_out = row
    found = model(api_name)
    assert (found.provider, found.input_usd_per_mtok) == (provider, Decimal(price_in) * 1000)
    assert found.output_usd_per_mtok == (None if price_out == "?" else Decimal(price_out) * 1000)
    assert found.tags["status"] == "retired"


def test_base_urls_and_variables_are_as_published() -> None:
    providers = RouterConfig.builtin().providers
    published = {
        "sambanova": ("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
        "nebius": ("https://api.studio.nebius.com/v1", "NEBIUS_API_KEY"),
        "cheapestinference": ("https://api.cheapestinference.com/v1", "CHEAPESTINFERENCE_API_KEY"),
    }
    assert {key: (providers[key].base_url, providers[key].api_key_env) for key in published} == published


def test_every_model_says_where_it_is_from_and_is_named_after_its_provider() -> None:
    for key, found in RouterConfig.builtin().models.items():
        assert found.source, key
        assert found.checked, key
        assert key.startswith(f"{found.provider}-")


def test_the_logical_names_lead_to_models() -> None:
    assert model("reasoning-model").key == "sambanova-deepseek-r1"
    assert model("general-model").key == "sambanova-llama-4-405b"
    assert "images" in model("vision-model").capabilities
    assert model("embedding-model").capabilities == {"embeddings"}


def test_the_canary_of_the_comment_is_a_valid_split() -> None:
    shares = {"sambanova-deepseek-r1": 90, "sambanova-deepseek-r1.1": 10}
    config = RouterConfig(preset="reasoning_split", routing={"splits": {"sambanova-deepseek-r1": shares}})
    assert config.routing.splits == {"sambanova-deepseek-r1": shares}


def test_reasoners_of_the_r1_family_take_no_tools() -> None:
    family = [found for found in RouterConfig.builtin().models.values() if found.tags["family"] == "deepseek-r1"]
    assert len(family) == 5
    assert all(found.capabilities == {"json_schema", "reasoning"} for found in family)


def test_the_data_is_read_once() -> None:
    assert builtin_catalog() is builtin_catalog()
