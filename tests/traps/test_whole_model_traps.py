"""Trap 20: all of a chat model, not half: `generate`, batches, token counts, callbacks, standard parameters."""

from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.language_models import BaseChatModel, FakeListChatModel, GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import StringPromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableParallel

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.errors import UnknownOptionError
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import ScriptedChatModel
from tests.doors import Door, Runs, by_ainvoke, by_invoke, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]


async def test_trap_20_generate_gives_llm_output_and_all_answers() -> None:
    router = router_over(*two_models("one two"))
    asked: Any = [[HumanMessage("a")], [HumanMessage("b")]]
    for result in (router.generate(asked), await router.agenerate(asked)):
        assert [one[0].text for one in result.generations] == ["one two", "one two"]
        assert result.llm_output is not None
        assert result.llm_output["model_name"] == "alpha"
        answers: Any = [one[0] for one in result.generations]
        total = sum(one.message.usage_metadata["total_tokens"] for one in answers)
        assert result.llm_output["token_usage"]["total_tokens"] == total
        assert record(answers[0].message)["model"] == "alpha"


async def test_trap_20_generate_tells_its_callbacks_of_each_model_run_once() -> None:
    router = router_over(*two_models("one two"))
    runs, counted = Runs(), UsageMetadataCallbackHandler()
    result = router.generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[runs, counted], tags=["mine"])
    assert len(runs.models) == 2
    assert all("mine" in run["tags"] for run in runs.models.values())
    assert result.llm_output is not None
    assert counted.usage_metadata["alpha"]["total_tokens"] == result.llm_output["token_usage"]["total_tokens"]


async def test_trap_20_generate_prompt_works_both_ways() -> None:
    router = router_over(*two_models("one two"))
    prompts: Any = [StringPromptValue(text="a")]
    assert router.generate_prompt(prompts).generations[0][0].text == "one two"
    assert (await router.agenerate_prompt(prompts)).generations[0][0].text == "one two"


async def test_trap_20_batches_keep_order_and_give_errors_back() -> None:
    def broken() -> RouterChatModel:
        return router_over(scripted("a", RuntimeError("b"), "c", name="alpha"))

    one_by_one: Any = {"max_concurrency": 1}
    found = broken().batch(["1", "2", "3"], one_by_one, return_exceptions=True)
    assert [str(getattr(one, "text", one)) for one in found] == ["a", "b", "c"]
    found = await broken().abatch(["1", "2", "3"], one_by_one, return_exceptions=True)
    assert [str(getattr(one, "text", one)) for one in found] == ["a", "b", "c"]
    with pytest.raises(RuntimeError):
        broken().batch(["1", "2", "3"], one_by_one)


def test_trap_20_tokens_are_counted_by_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedChatModel, "get_num_tokens", lambda self, text: 7)
    monkeypatch.setattr(ScriptedChatModel, "get_num_tokens_from_messages", lambda self, messages, tools=None: 70)
    router = router_over(scripted("yes", name="alpha"))
    assert router.get_num_tokens("hi") == 7
    assert router.get_num_tokens_from_messages([HumanMessage("hi")]) == 70


def test_trap_20_tokens_are_estimated_without_the_network(served: Served) -> None:
    router = RouterChatModel(served[1])
    assert 0 < router.get_num_tokens("four words are here") < 20
    assert router.get_num_tokens_from_messages([HumanMessage("four words are here")]) > 4
    assert served[0].calls() == 0


async def test_trap_20_the_routers_own_callbacks_see_the_model_runs(door: Door) -> None:
    runs = Runs()
    router = router_over(*two_models("yes"), callbacks=[runs], tags=["ours"], metadata={"team": "a"})
    await door(router, "hi")
    assert runs.served_by == [("alpha-provider", "alpha")]
    (run,) = runs.models.values()
    assert "ours" in run["tags"]
    assert run["metadata"]["team"] == "a"
    assert runs.router["end"] is not None


async def test_trap_20_run_names_ids_tags_and_metadata_reach_the_trace(door: Door) -> None:
    from uuid import uuid4

    runs, run_id = Runs(), uuid4()
    config: Any = {
        "callbacks": [runs],
        "run_name": "asked",
        "run_id": run_id,
        "tags": ["mine"],
        "metadata": {"team": "b"},
    }
    await door(router_over(*two_models("yes")), "hi", config)
    ((found, chain),) = runs.chains.items()
    assert (found, chain["name"], chain["tags"]) == (run_id, "asked", ["mine"])
    (run,) = runs.models.values()
    assert run["parent_run_id"] == run_id
    assert run["tags"] == ["mine"]
    assert run["metadata"]["team"] == "b"


async def test_trap_20_standard_parameters_are_sent(door: Door, served: Served) -> None:
    simulator, config = served
    router = RouterChatModel(config, temperature=0.1, max_tokens=33, stop=["END"], timeout=9, max_retries=0)
    await door(router, "hi")
    body = simulator.requests[-1].body
    sent = body["temperature"], body.get("max_tokens") or body["max_completion_tokens"], body["stop"]
    assert sent == (0.1, 33, ["END"])
    assert simulator.requests[-1].headers["x-stainless-read-timeout"].startswith("9")
    await door(router, "hi", temperature=0.9, stop=["NOW"])
    assert simulator.requests[-1].body["temperature"] == 0.9
    assert simulator.requests[-1].body["stop"] == ["NOW"]


async def test_trap_20_the_names_that_chatopenai_uses_are_taken_too(door: Door, served: Served) -> None:
    simulator, config = served
    router = RouterChatModel(config, stop_sequences=["END"], request_timeout=7, max_completion_tokens=44)
    await door(router, "hi")
    assert simulator.requests[-1].body["stop"] == ["END"]
    assert simulator.requests[-1].body["max_completion_tokens"] == 44
    assert simulator.requests[-1].headers["x-stainless-read-timeout"].startswith("7")
    await door(router, "hi", max_completion_tokens=55)
    assert simulator.requests[-1].body["max_completion_tokens"] == 55


async def test_trap_20_max_retries_is_same_model(door: Door, served: Served) -> None:
    simulator, config = served
    simulator.fault("sambanova-llama-8b", "server_error")
    answer = await door(RouterChatModel(config, max_retries=0), "hi", task="simple")
    assert [one["model"] for one in record(answer)["attempts"]] == ["sambanova-llama-8b", record(answer)["model"]]
    assert simulator.requests[0].headers["x-stainless-retry-count"] == "0"


def test_trap_20_misspelt_keywords_are_refused() -> None:
    with pytest.raises(UnknownOptionError, match="Did you mean 'temperature'"):
        RouterChatModel(temprature=0.1)


async def test_trap_20_a_router_stands_in_a_chain(door: Door) -> None:
    router = router_over(*two_models("one two"))
    chain = ChatPromptTemplate.from_messages([("human", "{word}")]) | router | StrOutputParser()
    runs = Runs()
    await door(chain, {"word": "hi"}, {"callbacks": [runs]})
    assert len(runs.models) == 1
    both: Any = RunnableParallel(a=router, b=router | StrOutputParser())
    assert both.invoke("hi")["b"] == (await both.ainvoke("hi"))["b"] == "one two"


async def test_trap_20_retries_and_fallbacks_around_a_router(door: Door) -> None:
    bad = router_over(scripted(RuntimeError("x"), name="alpha", cyclic=True))
    good = router_over(scripted("yes", name="beta", cyclic=True))
    assert (await door(bad.with_fallbacks([good]), "hi")).text == "yes"
    twice = router_over(scripted(RuntimeError("x"), "yes", name="gamma", cyclic=True))
    retried = twice.with_retry(retry_if_exception_type=(RuntimeError,), wait_exponential_jitter=False)
    if door in (by_invoke, by_ainvoke):  # LangChain does not retry streams
        assert (await door(retried, "hi")).text == "yes"


async def test_trap_20_fields_are_configurable_and_share_the_engine(door: Door, served: Served) -> None:
    simulator, config = served
    router = RouterChatModel(config)
    free = router.configurable_fields(
        temperature=ConfigurableField(id="heat"), preset=ConfigurableField(id="plan"), task=ConfigurableField(id="kind")
    )
    chosen: Any = {"configurable": {"heat": 0.7, "plan": "nebius_balanced", "kind": "simple"}}
    answer = await door(free, "hi", chosen)
    assert record(answer)["provider"] == "nebius"
    assert simulator.requests[-1].body["temperature"] == 0.7
    assert router.health()["nebius-llama-8b"].calls == 1


@pytest.mark.parametrize(
    "model",
    [
        FakeListChatModel(responses=["hi"] * 2),
        GenericFakeChatModel(messages=iter([AIMessage("hi")] * 4)),
        ParrotFakeChatModel(),
    ],
    ids=lambda model: type(model).__name__,
)
async def test_trap_20_langchains_own_fakes_are_models_too(door: Door, model: BaseChatModel) -> None:
    answer = await door(RouterChatModel.from_models({"general": model}, classifier=None), "hi")
    assert answer.text == "hi"
    assert record(answer)["attempts"][0]["estimated"] is True


async def test_trap_20_an_output_version_reaches_every_model(door: Door, served: Served) -> None:
    for router in (
        RouterChatModel(served[1], output_version="v1"),
        router_over(*two_models("one"), output_version="v1"),
    ):
        answer = await door(router, "hi")
        assert [block["type"] for block in answer.content] == ["text"]
