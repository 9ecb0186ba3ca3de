"""Rows 30-33: the provider does not take the request."""

import logging

import pytest
from langchain_core.exceptions import ModelError

from langchain_modelrouter.errors import AllModelsFailedError
from tests.doors import Door
from tests.faults.kit import Bench, ask, fell_back

OVERFLOWS = ["context_overflow", "context_overflow_vllm", "context_overflow_llama_cpp", "request_too_large"]


@pytest.mark.parametrize("fault", OVERFLOWS)
async def test_fault_30_context_overflow_goes_to_a_larger_window_only(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    router = bench.router()
    fell_back(await ask(door, router), "one", "wide")
    assert (router.health()["one"].failures, bench.calls("two")) == (0, [0])


@pytest.mark.parametrize("fault", OVERFLOWS)
async def test_fault_30_without_a_larger_window_the_error_is_clear(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("*", fault)
    asked = await ask(door, bench.router(presets={"mine": {"default": ["one", "two"]}}))
    assert isinstance(asked.error, AllModelsFailedError)
    assert asked.models == ["one"]
    assert "the input exceeds the context window" in str(asked.error)


@pytest.mark.parametrize("fault", ["unauthorized", "forbidden"])
async def test_fault_31_the_credential_is_out(
    bench: Bench, door: Door, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench.fault("two", fault)
    router = bench.router(presets={"mine": {"default": ["two", "wide", "one"]}})
    with caplog.at_level(logging.ERROR, "langchain_modelrouter"):
        fell_back(await ask(door, router), "two", "one")
    fell_back(await ask(door, router), "one")
    assert bench.calls("two", "wide", "one") == [1, 0, 2]
    assert router.health()["two"].failures == 0
    assert "the credential is refused" in caplog.text


async def test_fault_32_the_model_is_out_until_the_next_reload(bench: Bench, door: Door) -> None:
    bench.fault("two", "model_not_found")
    router = bench.router(presets={"mine": {"default": ["two", "wide"]}})
    fell_back(await ask(door, router), "two", "wide")
    fell_back(await ask(door, router), "wide")
    assert bench.calls("two", "wide") == [1, 2]
    bench.simulator.clear()
    router.engine.snapshot.live.health.on_reload(router.registry)
    fell_back(await ask(door, router), "two")


async def test_fault_33_an_unsupported_parameter_is_raised(bench: Bench, door: Door) -> None:
    bench.fault("one", "unsupported_parameter")
    asked = await ask(door, bench.router(), temperature=0.5)
    assert isinstance(asked.error, ModelError) or "422" in str(asked.error)
    assert asked.models == ["one"]


async def test_fault_33_or_dropped_where_the_catalogue_says_so(bench: Bench, door: Door) -> None:
    models = {"one": {"provider": "alpha", "drop_params": ["temperature"]}, "two": {"provider": "beta"}}
    router = bench.router(models=models, presets={"mine": {"default": ["one", "two"]}})
    await ask(door, router, temperature=0.5)
    assert "temperature" not in bench.simulator.requests[-1].body
