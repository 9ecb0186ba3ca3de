"""The books balance: what the ledger says equals what the answers and errors say equals what callbacks see."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.ledger import LedgerRow
from langchain_modelrouter.dispatch.race import race
from langchain_modelrouter.errors import AllModelsFailedError, StreamInterruptedError
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import DOORS, Door, record

MODELS = ("one", "two", "three")
PRICES = {"one": ("0.1", "0.3"), "two": ("0.07", "0.07"), "three": ("1.15", "3.3")}


class Tokens(BaseCallbackHandler):
    """Adds up the usage of every answer of a model that callbacks see."""

    run_inline = True

    def __init__(self) -> None:
        self.input = self.output = 0
        self.ended: set[UUID] = set()

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_kwargs: Any) -> None:
        message = response.generations[0][0].message  # type: ignore[union-attr]
        assert run_id not in self.ended
        self.ended.add(run_id)
        assert isinstance(message, AIMessage)
        assert message.usage_metadata is not None
        self.input += message.usage_metadata["input_tokens"]
        self.output += message.usage_metadata["output_tokens"]


def usage(input_tokens: int, output_tokens: int, cached: int, reasoning: int) -> dict[str, Any]:
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "input_token_details": {"cache_read": min(cached, input_tokens)},
        "output_token_details": {"reasoning": min(reasoning, output_tokens)},
    }


answers = st.builds(
    lambda *counts: AIMessage("yes", usage_metadata=usage(*counts)),
    st.integers(1, 200_000),
    st.integers(1, 9_000),
    st.integers(0, 200_000),
    st.integers(0, 9_000),
)
failures = st.sampled_from([ModelRateLimitError("slow down"), ConnectionError("no"), TimeoutError("too long")])
replies = st.one_of(answers, answers, failures)
scripts = st.fixed_dictionaries({name: st.lists(replies, min_size=1, max_size=4) for name in MODELS})
calls = st.lists(st.sampled_from(DOORS), min_size=1, max_size=6)


def router_with(scripts: dict[str, list[Any]], **options: Any) -> tuple[RouterChatModel, Tokens]:
    """Return a router over three models that repeat their scripts, with tiered, cached and reasoning prices."""
    clients = {name: ScriptedChatModel(script, cyclic=True, model_name=name) for name, script in scripts.items()}
    models = {
        name: {"provider": "p", "api_name": name, "input_usd_per_mtok": PRICES[name][0],
               "output_usd_per_mtok": PRICES[name][1], "cached_input_usd_per_mtok": "0.013",
               "reasoning_usd_per_mtok": "0.7", "tiers": [
                   {"above_input_tokens": 100_000, "input_usd_per_mtok": "2.5", "output_usd_per_mtok": "9"}]}
        for name in MODELS
    }  # fmt: skip
    config = {
        "extends": "none",
        "preset": "mine",
        "providers": {"p": {"base_url": "http://127.0.0.1:9/v1"}},
        "models": models,
        "presets": {"mine": {"default": list(MODELS)}},
        "routing": {"classifier": "none"},
        "retry": {"backoff_base_s": 0, "backoff_cap_s": 0},
        "breaker": {"consecutive_failures": 1000, "min_calls": 1000},
    }
    tokens = Tokens()
    return RouterChatModel(config, clients=clients, callbacks=[tokens], **options), tokens


async def said_by(door: Door, router: RouterChatModel) -> tuple[list[dict[str, Any]], float | None]:
    """Make a call; return its attempts, and its cost where it was answered."""
    try:
        answer = await door(router, "hi")
    except (AllModelsFailedError, StreamInterruptedError) as error:
        return [dict(attempt) for attempt in error.attempts], None
    said = record(answer)
    return said["attempts"], said["cost_usd"]


def check(rows: list[LedgerRow], said: list[tuple[list[dict[str, Any]], float | None]], tokens: Tokens) -> None:
    """Check that ledger, answers and callbacks agree, row by row and in sum."""
    by_call: dict[str, list[LedgerRow]] = {}
    for row in rows:
        by_call.setdefault(row.call_id, []).append(row)
    listed = [[row.attempt.to_dict() for row in call] for call in by_call.values()]
    asked = [attempts for attempts, _ in said if attempts]
    assert sorted(listed, key=repr) == sorted(asked, key=repr)
    total = sum((row.attempt.cost_usd or Decimal(0) for row in rows), Decimal(0))
    assert float(total) == pytest.approx(sum(one["cost_usd"] for attempts in asked for one in attempts), abs=1e-15)
    for attempts, cost_usd in said:
        if cost_usd is not None:
            assert cost_usd == pytest.approx(sum(one["cost_usd"] for one in attempts), abs=1e-15)
    answered = [row.attempt for row in rows if row.attempt.outcome == "ok"]
    assert sum(attempt.input_tokens for attempt in answered) == tokens.input
    assert sum(attempt.output_tokens for attempt in answered) == tokens.output
    assert len(answered) == len(tokens.ended)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts=scripts, doors=calls)
def test_ledger_answers_and_callbacks_agree_over_failures_and_fallbacks(
    scripts: dict[str, list[Any]], doors: list[Door]
) -> None:
    router, tokens = router_with(scripts)

    async def traffic() -> list[tuple[list[dict[str, Any]], float | None]]:
        return [await said_by(door, router) for door in doors]

    said = asyncio.run(traffic())
    check(router.ledger.rows(), said, tokens)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts=scripts, doors=calls)
def test_they_agree_when_calls_run_together(scripts: dict[str, list[Any]], doors: list[Door]) -> None:
    router, tokens = router_with(scripts)

    async def traffic() -> list[tuple[list[dict[str, Any]], float | None]]:
        return await asyncio.gather(*(said_by(door, router) for door in doors))

    said = asyncio.run(traffic())
    check(router.ledger.rows(), said, tokens)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts=scripts, count=st.integers(1, 4))
def test_they_agree_over_races(scripts: dict[str, list[Any]], count: int) -> None:
    router, _tokens = router_with(scripts, dispatch=lambda call, _snapshot: race(call.decision, runners=2))

    async def traffic() -> list[tuple[list[dict[str, Any]], float | None]]:
        return [await said_by(DOORS[1], router) for _ in range(count)]

    said = asyncio.run(traffic())
    rows = router.ledger.rows()
    total = sum((row.attempt.cost_usd or Decimal(0) for row in rows), Decimal(0))
    told = sum(one["cost_usd"] for attempts, _ in said for one in attempts)
    assert len(rows) == sum(len(attempts) for attempts, _ in said)
    assert float(total) == pytest.approx(told, abs=1e-15)
