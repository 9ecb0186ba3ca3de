from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from langchain_modelrouter import (
    Decision,
    NoEligibleModelError,
    RouterChatModel,
    RouterConfig,
    get_llm_for_task,
)
from langchain_modelrouter.errors import (
    AmbiguousModelError,
    InvalidOptionError,
    UnknownModelError,
    UnknownPresetError,
    UnknownTaskError,
)
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import simulated
from tests.doors import Door, record

Served = tuple[Simulator, RouterConfig]


@tool
def weather(city: str) -> str:
    """Say how the weather is."""
    return city


# --- options of one call ---------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [None, "router"])
@pytest.mark.parametrize("by", ["keyword", "configurable", "bind", "with_config"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"task": "code"}, {"task": "code", "task_source": "explicit"}),
        ({"model": "nebius-llama-8b"}, {"model": "nebius-llama-8b"}),
        ({"model": "deepseek/deepseek-r1"}, {"model": "nebius-deepseek-r1"}),
        ({"preset": "nebius_balanced", "task": "simple"}, {"preset": "nebius_balanced", "provider": "nebius"}),
        ({"task": "simple", "route_tags": ["family=qwen"]}, {"model": "sambanova-qwen-32b"}),
    ],
)
async def test_options_come_from_every_side(
    served: Served, prefix: str | None, by: str, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    config = RouterConfig.model_validate({**served[1].model_dump(), "extends": "none"})
    router: Any = RouterChatModel(config, config_prefix=prefix)
    named = {f"{prefix}_{name}" if prefix else name: value for name, value in options.items()}
    match by:
        case "keyword":
            answer = router.invoke("hi", **options)
        case "configurable":
            answer = router.invoke("hi", {"configurable": named})
        case "bind":
            answer = router.bind(**options).invoke("hi")
        case _:
            answer = router.with_config(configurable=named).invoke("hi")
    said = record(answer)
    assert {name: said[name] for name in expected} == expected


async def test_a_keyword_goes_before_configurable(door: Door, served: Served) -> None:
    config: Any = {"configurable": {"task": "code", "preset": "nebius_balanced"}}
    said = record(await door(RouterChatModel(served[1]), "hi", config, task="simple"))
    assert (said["task"], said["preset"]) == ("simple", "nebius_balanced")


async def test_no_option_reaches_a_model(door: Door, served: Served) -> None:
    options: dict[str, Any] = {
        "task": "simple",
        "preset": "mixed_optimal",
        "route_tags": ["db"],
        "max_cost_usd": 1,
        "deadline_s": 60,
        "fallback": True,
    }
    await door(RouterChatModel(served[1]), "hi", **options)
    assert not set(options) & set(served[0].requests[-1].body)


async def test_settings_are_taken_call_first_then_constructor_then_task(door: Door, served: Served) -> None:
    simulator, _ = served
    tasks = {"code": {"temperature": 0.1, "max_tokens": 11}, "mine": {}}
    config = simulated(RouterConfig.model_validate({"tasks": tasks}), simulator)
    plain, given = RouterChatModel(config), RouterChatModel(config, temperature=0.2, max_tokens=22)

    def sent() -> tuple[Any, Any]:
        body = simulator.requests[-1].body
        return body.get("temperature"), body.get("max_tokens", body.get("max_completion_tokens"))

    await door(plain, "hi", task="code")
    assert sent() == (0.1, 11)
    await door(given, "hi", task="code")
    assert sent() == (0.2, 22)
    await door(given, "hi", task="code", temperature=0.3, max_tokens=33)
    assert sent() == (0.3, 33)
    await door(plain, "hi", task="mine")
    assert sent() == (None, None)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"task": "coed"}, UnknownTaskError, "Did you mean 'code'"),
        ({"model": "sambanova-lama-8b"}, UnknownModelError, "Did you mean 'sambanova-llama-8b'"),
        ({"preset": "nebius_balance"}, UnknownPresetError, "Did you mean 'nebius_balanced'"),
        ({"deadline_s": -1}, InvalidOptionError, "seconds above 0"),
        ({"max_cost_usd": "much"}, InvalidOptionError, "US dollars"),
        ({"route_tags": "db"}, InvalidOptionError, "a list of strings"),
        ({"task": 7}, InvalidOptionError, "as a string"),
        ({"fallback": "yes"}, InvalidOptionError, "True or False"),
    ],
)
async def test_wrong_options_say_what_is_right(
    door: Door, served: Served, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await door(RouterChatModel(served[1]), "hi", **options)
    assert served[0].calls() == 0


async def test_an_api_name_of_two_providers_has_to_be_told_apart(door: Door, served: Served) -> None:
    twice = {**served[1].models, "twin": served[1].models["sambanova-llama-8b"].model_copy(update={"key": "twin"})}
    router = RouterChatModel(served[1].model_copy(update={"models": twice}))
    with pytest.raises(AmbiguousModelError, match="twin"):
        await door(router, "hi", model="Meta-Llama-3.1-8B-Instruct")


# --- forced models ---------------------------------------------------------------------------------


async def test_a_forced_model_stands_alone(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "rate_limited_an_hour")
    with pytest.raises(Exception, match="No answer from 1 model"):
        await door(RouterChatModel(config), "hi", model="sambanova-llama-8b")
    assert {request.model for request in simulator.requests} == {"sambanova-llama-8b"}


async def test_a_forced_model_falls_back_where_it_may(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "rate_limited_an_hour")
    answer = await door(RouterChatModel(config), "hi", model="sambanova-llama-8b", fallback=True)
    assert record(answer)["model"] == "nebius-llama-8b"


async def test_a_forced_model_asks_no_classifier(door: Door, served: Served) -> None:
    said = record(await door(RouterChatModel(served[1]), "Write a sorting function", model="nebius-llama-8b"))
    assert (said["task_source"], said["confidence"]) == ("default", None)
    assert said["reason"] == "the call forces nebius-llama-8b"


# --- views and decisions ---------------------------------------------------------------------------


async def test_views_share_health_and_ledger(door: Door, served: Served) -> None:
    router = RouterChatModel(served[1])
    code, nebius = router.for_task("code"), router.with_preset("nebius_balanced")
    assert record(await door(code, "hi"))["task"] == "code"
    assert record(await door(nebius, "hi"))["preset"] == "nebius_balanced"
    assert record(await door(nebius.for_task("simple"), "hi"))["model"] == "nebius-llama-8b"
    assert record(await door(code, "hi", task="simple"))["task"] == "simple"
    assert sum(one.calls for one in router.health().values()) == 4
    assert code.health() == router.health()


def test_views_refuse_unknown_names(served: Served) -> None:
    router = RouterChatModel(served[1])
    with pytest.raises(UnknownTaskError, match="Did you mean 'gap_analysis'"):
        router.for_task("gap_analisys")
    with pytest.raises(UnknownPresetError, match="Did you mean 'nebius_balanced'"):
        router.with_preset("nebius_blanced")
    with pytest.raises(UnknownPresetError):
        RouterChatModel(served[1], preset="none of these")


def test_one_shared_router_per_configuration(served: Served) -> None:
    code, simple = get_llm_for_task("code", served[1]), get_llm_for_task("simple", served[1])
    assert code.engine is simple.engine
    assert (code.task, simple.task) == ("code", "simple")
    assert record(code.invoke("hi"))["task"] == "code"


async def test_decide_says_what_invoke_does_and_calls_nobody(door: Door, served: Served) -> None:
    simulator, config = served
    router = RouterChatModel(config)
    every: list[dict[str, Any]] = [{}, {"task": "code"}, {"preset": "nebius_balanced"}, {"model": "nebius-llama-8b"}]
    for options in every:
        decision = router.decide("What is a list?", **options)
        assert isinstance(decision, Decision)
        calls = simulator.calls()
        said = record(await door(router, "What is a list?", **options))
        assert simulator.calls() == calls + 1
        assert decision.model.key == said["model"]
        shown = decision.task, decision.task_source, decision.preset, decision.strategy, decision.reason
        assert shown == tuple(said[name] for name in ("task", "task_source", "preset", "strategy", "reason"))


def test_decide_takes_all_that_invoke_takes(served: Served) -> None:
    router = RouterChatModel(served[1])
    config: Any = {"configurable": {"task": "code"}}
    assert router.decide([HumanMessage("hi")], config, stop=["x"], temperature=0).task == "code"
    decision = router.decide("hi", task="reasoning", tools=[weather])
    assert "it lacks tools" in decision.refused["nebius-deepseek-r1"]


# --- who is eligible -------------------------------------------------------------------------------


async def test_without_keys_the_error_names_every_variable(door: Door) -> None:
    with pytest.raises(NoEligibleModelError, match="SAMBANOVA_API_KEY") as caught:
        await door(RouterChatModel(RouterConfig.builtin()), "hi", task="simple")
    assert "NEBIUS_API_KEY" in str(caught.value)


async def test_a_ceiling_refuses_what_costs_more(door: Door, served: Served) -> None:
    router = RouterChatModel(served[1])
    with pytest.raises(NoEligibleModelError, match="above the ceiling"):
        await door(router, "hi", max_cost_usd=1e-9)
    assert (await door(router, "hi", max_cost_usd=1)).text


async def test_a_whole_conversation_is_taken_in_every_form(door: Door, served: Served) -> None:
    router = RouterChatModel(served[1])
    for given in ("hi", [("system", "be short"), ("human", "hi")], [{"role": "user", "content": "hi"}]):
        assert (await door(router, given)).text
