"""Prices of models that the catalogue does not hold, from the package `genai-prices` where that is installed.

A price is looked up under the provider that bills, never under the name of the model alone: the same weights cost
something else at another provider. What is not found stays unknown.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from langchain_modelrouter.catalog.model_info import ModelInfo, PriceTier, Provider

_BY_KIND = {
    "anthropic": "anthropic",
    "openai": "openai",
    "azure": "azure",
    "azure_openai": "azure",
    "google_genai": "google",
    "google_vertexai": "google",
    "amazon_bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "groq": "groq",
    "mistral": "mistral",
    "mistralai": "mistral",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "xai": "x-ai",
}
"""LangChain's name of a provider to that of `genai-prices`."""

_BY_HOST = {
    "api.openai.com": "openai",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.x.ai": "x-ai",
    "openrouter.ai": "openrouter",
}
"""Host of an OpenAI-compatible API to its provider."""


def known_prices(kind: str, api_name: str, base_url: str | None = None) -> dict[str, Any]:
    """Return prices as fields of a `ModelInfo`, with their source; empty where they are unknown.

    Args:
        kind: LangChain's name of the provider.
        api_name: the model's name there.
        base_url: where the API is; None where that is the provider's own.
    """
    billed_by = _BY_KIND.get(kind) if base_url is None else _BY_HOST.get(urlsplit(base_url).hostname or "")
    if billed_by is None:
        return {}
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return {}
    try:
        price = calc_price(Usage(input_tokens=1, output_tokens=1), api_name, provider_id=billed_by).model_price
    except (LookupError, ValueError):
        return {}
    output, cached = getattr(price, "output_mtok", None), getattr(price, "cache_read_mtok", None)
    if (read := getattr(price, "input_mtok", None)) is None or output is None:
        return {}
    fields: dict[str, Any] = {
        "input_usd_per_mtok": _base(read),
        "output_usd_per_mtok": _base(output),
        "source": f"genai-prices {version('genai-prices')}",
    }
    if cached is not None:
        fields["cached_input_usd_per_mtok"] = _base(cached)
    if starts := sorted({tier.start for part in (read, output) for tier in getattr(part, "tiers", ())}):
        fields["tiers"] = [
            PriceTier(
                above_input_tokens=start,
                input_usd_per_mtok=_from(read, start),
                output_usd_per_mtok=_from(output, start),
            )
            for start in starts
        ]
    return fields


def priced(models: Mapping[str, ModelInfo], providers: Mapping[str, Provider]) -> Mapping[str, ModelInfo]:
    """Return the models, with known prices for those that state none."""
    found: dict[str, ModelInfo] = {}
    for key, model in models.items():
        provider = providers.get(model.provider)
        if provider is None or model.input_usd_per_mtok is not None or model.output_usd_per_mtok is not None:
            continue
        if fields := known_prices(provider.kind, model.api_name, provider.base_url):
            found[key] = model.model_copy(update={**fields, "source": model.source or fields["source"]})
    return {**models, **found} if found else models


def _base(price: Any) -> Any:
    return getattr(price, "base", price)


def _from(price: Any, start: int) -> Any:
    """Return the price that holds above `start` input tokens."""
    reached = [tier.price for tier in getattr(price, "tiers", ()) if tier.start <= start]
    return reached[-1] if reached else _base(price)
