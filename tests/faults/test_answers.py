"""Rows 22-29: status 200, and what came with it."""

import json
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_modelrouter.simulator import Fault
from tests.doors import DOORS, Door
from tests.faults.kit import Bench, ask, fell_back

TOOL = {
    "type": "function",
    "function": {
        "name": "paint",
        "description": "Paint it.",
        "parameters": {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]},
    },
}
PAINT: dict[str, Any] = {"tools": [TOOL], "tool_choice": "paint"}


@pytest.mark.parametrize("fault", ["html_ok", "broken_json_ok"])
async def test_fault_22_html_or_broken_json_with_status_200(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    fell_back(await ask(door, bench.router()), "one", "two")


@pytest.mark.parametrize("fault", ["empty_choices", "null_choices", "error_object_ok"])
async def test_fault_23_no_choices_or_an_error_object(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    fell_back(await ask(door, bench.router()), "one", "two")


async def test_fault_24_null_content(bench: Bench, door: Door) -> None:
    bench.fault("one", "null_content")
    asked = await ask(door, bench.router())
    fell_back(asked, "one", "two")
    assert "empty" in str(asked.attempts[0].error) or "no content" in str(asked.attempts[0].error)


async def test_fault_24_an_empty_answer_may_be_an_answer(bench: Bench, door: Door) -> None:
    bench.fault("one", "null_content")
    asked = await ask(door, bench.router(limits={"empty_answer": "return"}))
    assert asked.models == ["one"]
    assert asked.answer.text == ""


async def test_fault_25_tool_arguments_that_are_not_json(bench: Bench, door: Door) -> None:
    bench.fault("one", "invalid_arguments")
    asked = await ask(door, bench.router(), **PAINT)
    assert asked.models == ["one"]
    calls = [*asked.answer.invalid_tool_calls, *getattr(asked.answer, "tool_call_chunks", [])]
    assert calls
    with pytest.raises(ValueError, match=r"Expecting|delimiter"):
        json.loads(calls[0]["args"])


async def test_fault_25_repair_by_fallback_is_opt_in(bench: Bench, door: Door) -> None:
    bench.fault("one", "invalid_arguments")
    router = bench.router(limits={"invalid_tool_calls": "fallback", "stream_buffer": "until_done"})
    asked = await ask(door, router, **PAINT)
    assert asked.models == ["one", "two"]
    assert asked.answer.tool_calls[0]["name"] == "paint"
    assert not asked.answer.invalid_tool_calls


async def test_fault_26_no_usage(bench: Bench, door: Door) -> None:
    bench.fault("one", "no_usage")
    asked = await ask(door, bench.router())
    (attempt,) = asked.attempts
    assert attempt.estimated
    assert attempt.cost_usd
    assert attempt.output_tokens > 0
    assert asked.answer.response_metadata["model_router"]["cost_usd"] > 0


async def test_fault_27_finish_reason_content_filter(bench: Bench, door: Door) -> None:
    bench.fault("one", "content_filter_finish")
    asked = await ask(door, bench.router())
    assert asked.models == ["one"]
    assert asked.answer.response_metadata["finish_reason"] == "content_filter"


async def test_fault_27_a_refusal_is_returned(bench: Bench, door: Door) -> None:
    bench.fault("one", "refusal")
    asked = await ask(door, bench.router())
    assert asked.models == ["one"]
    assert asked.answer.additional_kwargs["refusal"] == "Simulated: I cannot help with that."
    assert asked.attempts[0].output_tokens > 0


async def test_fault_28_status_400_content_filter(bench: Bench, door: Door) -> None:
    bench.fault("one", "content_filter")
    router = bench.router()
    asked = await ask(door, router)
    assert isinstance(asked.error, ModelError)
    assert asked.models == ["one"]
    assert router.health()["one"].failures == 0


async def test_fault_28_a_policy_may_say_fallback(bench: Bench, door: Door) -> None:
    bench.fault("one", "content_filter")
    fell_back(await ask(door, bench.router(limits={"content_filter": "fallback"})), "one", "two")


async def test_fault_29_finish_reason_length(bench: Bench, door: Door) -> None:
    bench.fault("one", "length")
    asked = await ask(door, bench.router())
    assert asked.models == ["one"]
    assert asked.answer.response_metadata["finish_reason"] == "length"


REASONING = {
    "id": "x",
    "object": "chat.completion",
    "created": 0,
    "model": "one-api",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": None, "reasoning_content": "hmm"},
            "delta": {"role": "assistant", "content": None, "reasoning_content": "hmm"},
        }
    ],
}


@pytest.mark.parametrize("door", DOORS)
async def test_fault_24_an_answer_of_reasoning_alone_is_not_empty(bench: Bench, door: Door) -> None:
    bench.fault("one", Fault("garbage", body=REASONING))
    asked = await ask(door, bench.router())
    assert asked.models == ["one"]
    assert asked.answer.additional_kwargs["reasoning_content"] == "hmm"
