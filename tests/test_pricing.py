import sys
from decimal import Decimal
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.pricing import known_prices

pytest.importorskip("genai_prices")


def test_prices_of_a_known_model_with_its_cache_and_its_tiers() -> None:
    prices = known_prices("anthropic", "claude-sonnet-4-5")
    assert isinstance(prices["input_usd_per_mtok"], Decimal)
    assert prices["cached_input_usd_per_mtok"] < prices["input_usd_per_mtok"] < prices["output_usd_per_mtok"]
    (tier,) = prices["tiers"]
    assert (tier.above_input_tokens, tier.input_usd_per_mtok > prices["input_usd_per_mtok"]) == (200_000, True)
    assert prices["source"].startswith("genai-prices ")


@pytest.mark.parametrize(
    ("kind", "name", "base_url"),
    [
        ("openai", "no-such-model", None),
        ("scripted", "gpt-4o", None),
        ("openai", "gpt-4o", "https://api.studio.nebius.com/v1"),
        ("openai", "gpt-4o", "http://127.0.0.1:8000/v1"),
    ],
)
def test_what_is_not_known_under_its_provider_stays_unknown(kind: str, name: str, base_url: str | None) -> None:
    assert known_prices(kind, name, base_url) == {}


def test_without_the_package_prices_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert known_prices("openai", "gpt-4o") == {}


def test_models_that_are_handed_in_are_priced_by_who_bills_them() -> None:
    own = ChatOpenAI(model="gpt-4o", api_key="x")
    elsewhere = ChatOpenAI(model="gpt-4o", api_key="x", base_url="https://api.sambanova.ai/v1")
    router = RouterChatModel.from_models({"general": [own, elsewhere]}, classifier="none")
    known, unknown = router.registry.values()
    assert known.cost_usd(1000, 100) == Decimal("0.0035")
    assert unknown.cost_usd(1000, 100) is None


def config_of(**facts: Any) -> RouterConfig:
    return RouterConfig(models={"mine": {"provider": "openai", "api_name": "gpt-4o", **facts}})


def test_a_configured_model_without_a_price_is_priced_and_one_with_a_price_keeps_it() -> None:
    assert config_of().registry["mine"].input_usd_per_mtok == Decimal("2.5")
    assert config_of(source="us").registry["mine"].source == "us"
    half = config_of(input_usd_per_mtok=1).registry["mine"]
    assert (half.input_usd_per_mtok, half.output_usd_per_mtok) == (1, None)


def test_the_built_in_catalogue_needs_no_price_table(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = set(sys.modules)
    config = RouterConfig.model_validate({"preset": "mixed_optimal"})
    assert len(config.registry) > 20
    assert not {name for name in set(sys.modules) - loaded if name.startswith("genai_prices")}
