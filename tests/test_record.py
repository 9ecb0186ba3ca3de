"""What an answer says about its routing, to the letter; what it cost; and when the time is up."""

import json
from decimal import Decimal
from time import monotonic
from typing import Any

import pytest
from langchain_core.exceptions import ModelAPIError, ModelRateLimitError
from langchain_core.language_models import FakeListChatModel

from langchain_modelrouter import AllModelsFailedError, RouterChatModel, RouterConfig
from langchain_modelrouter.errors import DeadlineExceededError
from langchain_modelrouter.simulator import Fault, Simulator
from tests.doors import Door, by_ainvoke, by_invoke, record, scripted

Served = tuple[Simulator, RouterConfig]
FIELDS = [
    "task",
    "task_source",
    "confidence",
    "model",
    "canonical",
    "provider",
    "preset",
    "strategy",
    "reason",
    "decision_ms",
    "attempts",
    "cost_usd",
]
ATTEMPT_FIELDS = [
    "model",
    "provider",
    "outcome",
    "error",
    "latency_s",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "estimated",
]


async def test_the_record_has_these_fields(door: Door, served: Served) -> None:
    answer = await door(RouterChatModel(served[1]), "hi", task="simple")
    said = record(answer)
    assert list(said) == FIELDS
    (attempt,) = said["attempts"]
    assert list(attempt) == ATTEMPT_FIELDS
    assert {name: said[name] for name in FIELDS[:8]} == {
        "task": "simple",
        "task_source": "explicit",
        "confidence": None,
        "model": "sambanova-llama-8b",
        "canonical": "llama-8b",
        "provider": "sambanova",
        "preset": "mixed_optimal",
        "strategy": "preset",
    }
    assert {name: attempt[name] for name in ("model", "provider", "outcome", "error", "estimated")} == {
        "model": "sambanova-llama-8b",
        "provider": "sambanova",
        "outcome": "ok",
        "error": None,
        "estimated": False,
    }
    assert isinstance(said["reason"], str)
    assert said["decision_ms"] > 0
    assert attempt["latency_s"] > 0
    assert json.loads(json.dumps(said)) == said


async def test_an_answer_without_usage_is_booked_with_the_input_that_the_decision_counted(door: Door) -> None:
    router = RouterChatModel.from_models({"general": FakeListChatModel(responses=["four letters each"])})
    (attempt,) = record(await door(router, "x" * 40))["attempts"]
    assert (attempt["input_tokens"], attempt["output_tokens"]) == (10 + 4, 5)
    assert attempt["estimated"]


async def test_the_answer_carries_the_name_that_served(door: Door, served: Served) -> None:
    answer = await door(RouterChatModel(served[1]), "hi", task="simple")
    assert answer.response_metadata["model_name"] == "Meta-Llama-3.1-8B-Instruct"


async def test_each_attempt_costs_its_tokens(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.script("sambanova-llama-8b", ["server_error", "broken_json_ok"])
    router = RouterChatModel(config, max_retries=1)
    answer = await door(router, "What is a list?", model="sambanova-llama-8b", fallback=True)
    said = record(answer)
    assert len(said["attempts"]) >= 2
    total = Decimal(0)
    for attempt in said["attempts"]:
        cost_usd = router.registry[attempt["model"]].cost_usd(attempt["input_tokens"], attempt["output_tokens"])
        assert attempt["cost_usd"] == float(cost_usd)
        total += cost_usd
    assert said["cost_usd"] == float(total) > 0
    last = said["attempts"][-1]
    assert answer.usage_metadata["input_tokens"] == last["input_tokens"]
    assert answer.usage_metadata["output_tokens"] == last["output_tokens"]


async def test_the_ledger_has_a_row_per_attempt(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "rate_limited_an_hour")
    router = RouterChatModel(config)
    said = record(await door(router, "hi", {"configurable": {"thread_id": "7"}}, task="simple"))
    rows = router.engine.snapshot.live.ledger.rows()
    assert [row.attempt.to_dict() for row in rows] == said["attempts"]
    assert {(row.task, row.thread_id) for row in rows} == {("simple", "7")}
    assert len({row.call_id for row in rows}) == 1


async def test_what_a_provider_does_not_count_is_estimated(door: Door, served: Served) -> None:
    served[0].fault("*", "no_usage")
    said = record(await door(RouterChatModel(served[1]), "What is a list?", task="simple"))
    (attempt,) = said["attempts"]
    assert attempt["estimated"] is True
    assert attempt["input_tokens"] > 0
    assert said["cost_usd"] > 0


async def test_an_unknown_price_is_unknown_and_not_free(door: Door) -> None:
    router = RouterChatModel.from_models({"general": scripted("yes", name="alpha", cyclic=True)}, classifier=None)
    said = record(await door(router, "hi"))
    assert said["cost_usd"] is None
    assert said["attempts"][0]["cost_usd"] is None


async def test_what_failed_before_it_was_read_costs_nothing(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "rate_limited_an_hour")
    said = record(await door(RouterChatModel(config), "hi", task="simple"))
    refused = said["attempts"][0]
    assert (refused["outcome"], refused["cost_usd"], refused["input_tokens"]) == ("error", 0.0, 0)
    assert "rate limited (status 429" in refused["error"]


async def test_no_record_holds_a_prompt_or_a_providers_words(door: Door, served: Served) -> None:
    simulator, config = served
    body = {"error": {"message": "you said: my secret plan", "type": "server_error"}}
    simulator.fault("sambanova-llama-8b", Fault(status=500, body=body))
    answer = await door(RouterChatModel(config, max_retries=0), "my secret plan", task="simple")
    assert "secret plan" not in json.dumps(record(answer))


async def test_a_run_of_failures_tells_all_attempts(door: Door, served: Served) -> None:
    served[0].fault("*", "rate_limited_an_hour")
    with pytest.raises(AllModelsFailedError) as caught:
        await door(RouterChatModel(served[1]), "hi", task="simple")
    assert len(caught.value.attempts) == len(caught.value.exceptions) == 3
    assert all(list(attempt) == ATTEMPT_FIELDS for attempt in caught.value.attempts)
    with pytest.raises(AllModelsFailedError) as caught:
        await door(RouterChatModel(served[1]), "hi", model="sambanova-llama-8b")
    assert 3500 < (caught.value.retry_after_s or 0) <= 3600


# --- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["call", "config"])
async def test_a_deadline_ends_a_call_of_a_client_that_we_build(door: Door, served: Served, by: str) -> None:
    simulator, config = served
    simulator.fault("*", "hang_before_first_token")
    options: dict[str, Any] = {"deadline_s": 0.3} if by == "call" else {}
    limits = config.limits.model_copy(update={"deadline_s": 0.3})
    router = RouterChatModel(config if by == "call" else config.model_copy(update={"limits": limits}))
    started = monotonic()
    with pytest.raises((AllModelsFailedError, DeadlineExceededError)):
        await door(router, "hi", **options)
    assert monotonic() - started < 1.5


async def test_a_timeout_of_one_attempt_leaves_time_for_the_next(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "hang_before_first_token")
    router = RouterChatModel(config, timeout=0.3, max_retries=0)
    said = record(await door(router, "hi", model="sambanova-llama-8b", fallback=True))
    assert said["model"] == "nebius-llama-8b"
    assert "timed out" in said["attempts"][0]["error"]


@pytest.mark.parametrize("door", [by_invoke, by_ainvoke])
async def test_a_client_that_was_handed_in_is_told_the_time_it_has(door: Door, served: Served) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    simulator, _ = served
    simulator.fault("*", "hang_before_first_token")
    url = simulator.url("nebius")
    client = ChatOpenAI(model="deepseek/deepseek-r1", base_url=url, api_key=SecretStr("none"), max_retries=0)
    started = monotonic()
    with pytest.raises((AllModelsFailedError, DeadlineExceededError)):
        await door(RouterChatModel.from_models({"general": client}), "hi", deadline_s=0.3)
    assert monotonic() - started < 1.5


async def test_a_wait_that_outlasts_the_deadline_is_not_begun(door: Door) -> None:
    router = RouterChatModel.from_models(
        {"general": scripted(ModelAPIError("x"), name="alpha", cyclic=True)}, classifier=None, max_retries=5
    )
    started = monotonic()
    with pytest.raises((AllModelsFailedError, DeadlineExceededError)):
        await door(router, "hi", deadline_s=0.05)
    assert monotonic() - started < 1


async def test_attempts_are_told_in_their_order(door: Door) -> None:
    replies = [ModelAPIError("x"), ModelRateLimitError("y")]
    alpha, beta = scripted(*replies, name="alpha"), scripted("yes", name="beta")
    router = RouterChatModel.from_models({"general": [alpha, beta]}, classifier=None, max_retries=1)
    attempts = record(await door(router, "hi"))["attempts"]
    told = [(one["model"], one["outcome"]) for one in attempts]
    assert told == [("alpha", "error"), ("alpha", "error"), ("beta", "ok")]
