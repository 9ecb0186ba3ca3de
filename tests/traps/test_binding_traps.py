"""Traps 5, 6, 7, 8: options from every side, tools and schemas bound late, a profile that does not lie."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableBinding, RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr
from typing_extensions import TypedDict

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.errors import InvalidOptionError, UnknownOptionError
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import simulated
from tests.doors import Door, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


class Reply(BaseModel):
    """What the simulator says where it knows no schema."""

    answer: str


class City(TypedDict):
    """A city."""

    name: str


@tool
def weather(city: str) -> str:
    """Say how the weather is."""
    return f"fine in {city}"


def two_routes(**options: Any) -> RouterChatModel:
    plain, code = scripted("plain", name="alpha", cyclic=True), scripted("code", name="beta", cyclic=True)
    return RouterChatModel.from_models({"general": plain, "code": code}, classifier=None, **options)


CODE: Any = {"configurable": {"task": "code"}}


async def test_trap_05_configurable_routes_every_door(door: Door) -> None:
    router = two_routes()
    assert (await door(router, "hi")).text == "plain"
    assert (await door(router, "hi", CODE)).text == "code"
    assert (await door(router.with_config(CODE), "hi")).text == "code"
    assert (await door(router.bind(task="code"), "hi")).text == "code"
    assert (await door(router, "hi", CODE, task="general")).text == "plain"


async def test_trap_05_configurable_routes_inside_a_sequence(door: Door) -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{word}")]) | two_routes() | RunnableLambda(lambda one: one)
    answer: Any = await door(chain, {"word": "hi"}, CODE)
    assert answer.text == "code"
    answer = await door(chain.with_config(CODE), {"word": "hi"})
    assert answer.text == "code"


async def test_trap_05_configurable_routes_all_other_entry_points() -> None:
    router = two_routes()
    assert [one.text for one in router.batch(["a", "b"], CODE)] == ["code", "code"]
    assert [one.text for one in await router.abatch(["a", "b"], CODE)] == ["code", "code"]
    mixed = router.batch(["a", "b"], [CODE, {}])
    assert [one.text for one in mixed] == ["code", "plain"]
    assert {index: one.text for index, one in router.batch_as_completed(["a", "b"], [CODE, {}])} == {
        0: "code",
        1: "plain",
    }
    found = {index: one async for index, one in router.abatch_as_completed(["a", "b"], [CODE, {}])}
    assert {index: one.text for index, one in found.items()} == {0: "code", 1: "plain"}
    assert router.generate([[HumanMessage("a")]], task="code").generations[0][0].text == "code"
    assert (await router.agenerate([[HumanMessage("a")]], task="code")).generations[0][0].text == "code"


async def test_trap_05_an_applications_own_metadata_does_not_route(door: Door) -> None:
    own: Any = {"metadata": {"task": "code", "model": "beta"}, "configurable": {"user": "me"}}
    assert (await door(two_routes(), "hi", own)).text == "plain"


async def test_trap_05_an_applications_own_keys_are_its_own_under_a_prefix(door: Door) -> None:
    router = two_routes(config_prefix="router")
    assert (await door(router, "hi", {"configurable": {"task": "mine", "model": "mine"}})).text == "plain"
    assert (await door(router, "hi", {"configurable": {"router_task": "code", "task": "mine"}})).text == "code"


async def test_trap_06_tools_fit_the_model_that_is_chosen(door: Door, served: Served) -> None:
    simulator, config = served
    bound = RouterChatModel(config).bind_tools([weather], tool_choice="weather", strict=True, parallel_tool_calls=False)
    assert isinstance(bound, RunnableBinding)
    for task in ("simple", "general"):
        answer = await door(bound, "How is Paris?", task=task)
        body = simulator.requests[-1].body
        assert body["tools"][0]["function"]["name"] == "weather"
        assert body["tools"][0]["function"]["strict"] is True
        assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
        assert body["parallel_tool_calls"] is False
        assert answer.tool_calls[0]["name"] == "weather"


async def test_trap_06_tools_and_a_response_format_travel_together(door: Door, served: Served) -> None:
    simulator, config = served
    form = {"type": "json_schema", "json_schema": {"name": "Person", "schema": Person.model_json_schema()}}
    bound = RouterChatModel(config).bind_tools([weather], response_format=form, strict=True)
    await door(bound, "Ada")
    body = simulator.requests[-1].body
    assert body["response_format"]["json_schema"]["name"] == "Person"
    assert body["tools"][0]["function"]["name"] == "weather"


async def test_trap_06_each_model_binds_in_its_own_way(door: Door) -> None:
    class OwnForm(type(scripted("", name="x"))):  # type: ignore[misc]
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self.bind(own_tools=[one.name for one in tools], **kwargs)

    alpha = OwnForm(["yes"], cyclic=True, model_name="alpha", provider="alpha")
    beta = scripted("no", name="beta", cyclic=True)
    router = RouterChatModel.from_models({"general": alpha, "code": beta}, classifier=None)
    bound = router.bind_tools([weather])
    await door(bound, "hi")
    await door(bound, "hi", CODE)
    assert alpha.requests[-1].kwargs == {"own_tools": ["weather"]}
    assert beta.requests[-1].kwargs["tools"][0]["function"]["name"] == "weather"


async def test_trap_06_empty_tools_are_not_sent_nor_what_goes_with_them(door: Door, served: Served) -> None:
    simulator, config = served
    await door(RouterChatModel(config), "hi", tools=[])
    await door(RouterChatModel(config).bind_tools([], tool_choice="auto", strict=True, parallel_tool_calls=False), "hi")
    for request in simulator.requests:
        assert not {"tools", "tool_choice", "strict", "parallel_tool_calls"} & set(request.body)


@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
async def test_trap_06_a_response_format_without_tools_is_chatopenais_own(door: Door, served: Served) -> None:
    simulator, config = served
    url, key = simulator.url("sambanova"), SecretStr("none")
    plain = ChatOpenAI(model="Meta-Llama-3.1-8B-Instruct", base_url=url, api_key=key)
    form = {"type": "json_schema", "json_schema": {"name": "Person", "schema": Person.model_json_schema()}}
    for model in (RouterChatModel(config), plain):
        await door(model.bind_tools([], response_format=form, strict=True), "Ada")
    routed, alone = (request.body["response_format"] for request in simulator.requests)
    assert routed == alone
    assert "tools" not in simulator.requests[0].body


@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
async def test_trap_07_each_method_is_what_is_sent(door: Door, served: Served, method: str) -> None:
    simulator, config = served
    answer = await door(RouterChatModel(config).with_structured_output(Reply, method=method), "Reply in JSON")
    assert isinstance(answer, Reply)
    body = simulator.requests[-1].body
    sent = (body.get("response_format") or {}).get("type"), body.get("tool_choice") is not None
    assert (
        sent
        == {
            "json_schema": ("json_schema", False),
            "function_calling": (None, True),
            "json_mode": ("json_object", False),
        }[method]
    )


@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("strict", [None, True, False])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
async def test_trap_07_the_payload_is_chatopenais_own(
    door: Door, served: Served, method: Any, strict: bool | None
) -> None:
    simulator, config = served
    router = RouterChatModel(config)
    await door(router.with_structured_output(Person, method=method, strict=strict), "Ada", model="sambanova-llama-8b")
    with_router = simulator.requests[-1].body
    plain = ChatOpenAI(
        model="Meta-Llama-3.1-8B-Instruct",
        base_url=simulator.url("sambanova"),
        api_key=SecretStr("none"),
        stream_usage=True,
    )
    await door(plain.with_structured_output(Person, method=method, strict=strict), "Ada")
    alone = simulator.requests[-1].body
    own = {"temperature", "max_tokens", "max_completion_tokens"}
    assert {k: v for k, v in with_router.items() if k not in own} == {k: v for k, v in alone.items() if k not in own}


def test_trap_07_unknown_methods_and_keywords_are_refused_when_built(served: Served) -> None:
    router = RouterChatModel(served[1])
    with pytest.raises(InvalidOptionError, match="json_schema, function_calling, json_mode"):
        router.with_structured_output(Person, method="yaml")
    with pytest.raises(UnknownOptionError, match="include_raw"):
        router.with_structured_output(Person, include_rav=True)


async def test_trap_07_include_raw_gives_both_and_the_error(served: Served) -> None:
    for door_of in ("invoke", "ainvoke"):
        router = RouterChatModel(served[1])
        structured = router.with_structured_output(Person, include_raw=True)
        both = structured.invoke("Ada") if door_of == "invoke" else await structured.ainvoke("Ada")
        assert isinstance(both["parsed"], Person)
        assert isinstance(both["raw"], AIMessage)
        assert record(both["raw"])["model"]
        assert both["parsing_error"] is None
        broken = router_over(scripted("no JSON", name="alpha", cyclic=True, profile={"structured_output": False}))
        raw = broken.with_structured_output(Person, method="json_mode", include_raw=True)
        both = raw.invoke("Ada") if door_of == "invoke" else await raw.ainvoke("Ada")
        assert both["raw"].text == "no JSON"
        assert both["parsed"] is None
        assert both["parsing_error"] is not None


async def test_trap_07_the_default_is_what_all_models_can_do(door: Door) -> None:
    call = AIMessage("", tool_calls=[{"name": "Person", "args": {"name": "Ada", "age": 36}, "id": "1"}])
    silent = scripted(call, name="alpha", cyclic=True)
    assert await door(router_over(silent).with_structured_output(Person), "Ada") == Person(name="Ada", age=36)
    assert silent.requests[-1].kwargs["tools"][0]["function"]["name"] == "Person"


@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
async def test_trap_07_typed_dicts_and_json_schemas_give_dicts(door: Door, served: Served) -> None:
    router = RouterChatModel(served[1])
    assert set(await door(router.with_structured_output(City), "Paris")) == {"name"}
    assert set(await door(router.with_structured_output(Person.model_json_schema()), "Ada")) == {"name", "age"}


def test_trap_08_the_profile_is_the_intersection() -> None:
    alpha = scripted(
        "a", name="alpha", profile={"tool_calling": True, "structured_output": True, "max_input_tokens": 900}
    )
    beta = scripted(
        "b", name="beta", profile={"tool_calling": True, "structured_output": False, "max_input_tokens": 500}
    )
    router = RouterChatModel.from_models({"general": alpha, "code": beta}, classifier=None)
    assert router.profile == {"tool_calling": True, "structured_output": False, "max_input_tokens": 500}
    assert router.for_task("general").profile == alpha.profile
    assert router.for_task("code").profile == beta.profile


def test_trap_08_what_says_nothing_promises_nothing() -> None:
    silent, able = scripted("a", name="alpha"), scripted("b", name="beta", profile={"structured_output": True})
    assert router_over(silent).profile is None
    assert router_over(silent, able).profile == {"structured_output": False}


def test_trap_08_the_profile_follows_the_preset() -> None:
    both = ["sambanova-llama-17b", "sambanova-llama-8b"]
    config = RouterConfig(presets={"seeing": {"default": both[0]}, "both": {"default": both}})
    router = RouterChatModel(config, preset="seeing")
    assert (router.profile or {})["image_inputs"] is True
    assert (router.with_preset("both").profile or {})["image_inputs"] is False


def test_trap_08_no_field_makes_an_agent_guess(served: Served) -> None:
    router = RouterChatModel(served[1])
    assert not any(hasattr(router, name) for name in ("model", "model_name", "model_id"))


async def test_trap_08_pictures_go_to_a_model_that_sees(door: Door) -> None:
    seeing, blind = two_models("I see", profile={"image_inputs": True})
    blind.profile = {"image_inputs": False}
    router = RouterChatModel.from_models({"general": [blind, seeing]}, classifier=None)
    picture = HumanMessage([{"type": "image", "base64": "aGk=", "mime_type": "image/png"}])
    assert (await door(router, [picture])).text == "I see"
    assert (await door(router, "no picture")).text == "second here"


async def test_trap_08_files_go_to_a_model_that_reads_them(door: Door, served: Served) -> None:
    simulator, _ = served
    reading = RouterConfig.model_validate(
        {
            "models": {"nebius-llama-8b": {"capabilities": ["tools", "json_schema", "files"]}},
            "presets": {"mine": {"default": ["sambanova-llama-8b", "nebius-llama-8b"]}},
            "preset": "mine",
        }
    )
    router = RouterChatModel(simulated(reading, simulator))
    block = {"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "filename": "hi.pdf"}
    answer = await door(router, [HumanMessage([{"type": "text", "text": "read"}, block])])
    assert record(answer)["model"] == "nebius-llama-8b"
