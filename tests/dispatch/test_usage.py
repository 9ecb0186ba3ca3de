from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.messages.utils import count_tokens_approximately

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.usage import Usage, billed, estimate, usage_of

TOLD: dict[str, Any] = {
    "input_tokens": 100,
    "output_tokens": 50,
    "total_tokens": 150,
    "input_token_details": {"cache_read": 40},
    "output_token_details": {"reasoning": 30},
}
INPUT = [SystemMessage("Be brief."), HumanMessage("What is a router? " * 10)]


def answer(content: str = "An answer.", usage: dict[str, Any] | None = None, **parts: Any) -> AIMessage:
    return AIMessage(content=content, usage_metadata=usage, **parts)


def test_told_usage_is_taken_with_its_details() -> None:
    assert usage_of(answer(usage=TOLD)) == Usage(100, 50, cached_tokens=40, reasoning_tokens=30)


def test_details_of_a_service_tier_are_found() -> None:
    tiered = {**TOLD, "input_token_details": {"flex_cache_read": 7}, "output_token_details": {"flex_reasoning": 8}}
    assert usage_of(answer(usage=tiered)) == Usage(100, 50, cached_tokens=7, reasoning_tokens=8)


@pytest.mark.parametrize("usage", [None, {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}])
def test_fault_26_missing_usage_is_estimated_and_never_free(usage: dict[str, Any] | None) -> None:
    message = answer("four letters each", usage)
    assert usage_of(message) is None
    assert billed(message, 12) == Usage(12, 5, estimated=True)
    assert billed(answer(""), 1) == Usage(1, 1, estimated=True)


def test_an_output_that_was_not_counted_is_estimated() -> None:
    uncounted = {"input_tokens": 100, "output_tokens": 0, "total_tokens": 100}
    assert billed(answer("four letters each", uncounted), 12) == Usage(100, 5, estimated=True)
    assert billed(answer("", uncounted), 12) == Usage(100, 0)


def test_tool_calls_and_reasoning_are_output() -> None:
    call = {"name": "search", "args": {"q": "x" * 40}, "id": "1", "type": "tool_call"}
    broken = {"name": "search", "args": "{" * 40, "id": "1", "error": None, "type": "invalid_tool_call"}
    assert billed(answer("", tool_calls=[call]), 12).output_tokens > 10
    assert billed(answer("", invalid_tool_calls=[broken]), 12).output_tokens > 10
    assert billed(answer("", additional_kwargs={"reasoning_content": "x" * 400}), 12).output_tokens == 100


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("x" * 4000, 1000)])
def test_a_message_has_a_quarter_of_its_characters_in_tokens_and_a_few(text: str, tokens: int) -> None:
    assert estimate([HumanMessage(text)]) == 3 + tokens


def test_the_estimate_of_messages_is_close_to_langchains() -> None:
    assert estimate(INPUT) == pytest.approx(count_tokens_approximately(INPUT), rel=0.15)


def test_an_image_costs_a_fixed_number_however_long_its_data() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    assert estimate([HumanMessage([{"type": "text", "text": "x" * 40}, image])]) == 3 + 85 + 10


def test_the_price_counts_cached_and_reasoning_tokens_at_their_own_rate() -> None:
    model = ModelInfo(
        key="m",
        provider="p",
        api_name="m",
        input_usd_per_mtok=Decimal(10),
        output_usd_per_mtok=Decimal(20),
        cached_input_usd_per_mtok=Decimal(1),
        reasoning_usd_per_mtok=Decimal(30),
    )
    cost_usd = Usage(100, 50, cached_tokens=40, reasoning_tokens=30).cost_usd(model)
    assert cost_usd == Decimal(60 * 10 + 40 * 1 + 20 * 20 + 30 * 30) / 1_000_000
    assert Usage(100, 50).cost_usd(ModelInfo(key="m", provider="p", api_name="m")) is None
