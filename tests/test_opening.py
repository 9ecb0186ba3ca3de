import copy
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.exceptions import ModelRateLimitError
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.errors import ConfigError, InvalidOptionError, UnknownModelError, UnknownOptionError
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from tests.doors import Door, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]


def plain_and_code(**options: Any) -> RouterChatModel:
    plain, code = scripted("plain", name="alpha", cyclic=True), scripted("code", name="beta", cyclic=True)
    return RouterChatModel.from_models({"code": code, "general": plain}, **options)


# --- from models that exist ------------------------------------------------------------------------


async def test_the_first_task_is_the_default(door: Door) -> None:
    assert (await door(plain_and_code(classifier="none"), "hi")).text == "code"
    assert (await door(plain_and_code(classifier=None, default="general"), "hi")).text == "plain"


async def test_a_list_is_a_line_of_models_to_try(door: Door) -> None:
    router = router_over(*two_models(ModelRateLimitError("no"), "from beta"))
    assert (await door(router, "hi")).text == "from beta"


async def test_a_callable_classifies(door: Door) -> None:
    def by_word(request: RouteRequest) -> str | None:
        return "code" if "function" in request.text else None

    router = plain_and_code(classifier=by_word, default="general")
    assert record(await door(router, "a function"))["task_source"] == "classifier:by_word"
    said = record(await door(router, "hi"))
    assert (said["task"], said["task_source"]) == ("general", "default")


async def test_a_classifier_that_fails_or_errs_never_fails_the_call(door: Door) -> None:
    def broken(_request: RouteRequest) -> str:
        raise RuntimeError("secret")

    said = record(await door(plain_and_code(classifier=broken, default="general"), "hi"))
    assert (said["task"], said["notes"]) == ("general", ["classifier broken failed: RuntimeError"])
    said = record(await door(plain_and_code(classifier=lambda _: "poetry", default="general"), "hi"))
    assert said["task"] == "general"
    assert "'poetry', which is no task here" in said["notes"][0]


async def test_the_local_classifier_serves_tasks_of_its_names(door: Door) -> None:
    router = plain_and_code(classifier="local", default="general")
    answer = await door(router, "Write a Python function that sorts a list of dictionaries by key")
    assert answer.text == "code"
    assert record(answer)["task_source"] == "classifier:local"


async def test_one_model_may_serve_many_tasks(door: Door) -> None:
    alpha, _ = two_models("both")
    router = RouterChatModel.from_models({"code": alpha, "general": alpha}, classifier=None)
    assert list(router.registry) == ["alpha"]
    assert record(await door(router, "hi", task="general"))["model"] == "alpha"


def test_models_of_one_name_get_keys_of_their_own() -> None:
    first, second = scripted("1", name="same"), scripted("2", name="same")
    router = RouterChatModel.from_models({"a": first, "b": second}, classifier=None)
    assert list(router.registry) == ["same", "same-2"]


@pytest.mark.parametrize(
    ("models", "default", "words"),
    [
        ({}, None, "at least one"),
        ({"a": []}, None, "at least one"),
        ({"a": scripted("1", name="x")}, "b", "none of"),
        ({"a": scripted("1", name="x").bind(stop=["x"])}, None, "give chat models"),
    ],
)
def test_models_that_make_no_router_are_refused(models: Any, default: str | None, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        RouterChatModel.from_models(models, default=default)


async def test_clients_stand_in_for_what_would_be_built(door: Door) -> None:
    own = scripted("mine", name="own", cyclic=True)
    router = RouterChatModel(clients={"sambanova-llama-8b": own}, preset="sambanova_optimized")
    said = record(await door(router, "hi", task="simple"))
    assert (said["model"], said["provider"]) == ("sambanova-llama-8b", "sambanova")
    with pytest.raises(UnknownModelError, match="Did you mean 'sambanova-llama-8b'"):
        RouterChatModel(clients={"sambanova-llama-8": own})


# --- constructor -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["temprature", "presets", "engnie", "model_name"])
def test_misspelt_keywords_name_what_is_known(name: str) -> None:
    with pytest.raises(UnknownOptionError, match=f"takes no '{name}'.*preset"):
        RouterChatModel(None, **{name: 1})


def test_a_broken_mapping_tells_all_faults_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        RouterChatModel({"preset": "none", "routing": {"default_task": "nothing"}, "bogus": 1})
    assert len(caught.value.faults) >= 3


def test_a_key_goes_to_one_host_only(served: Served) -> None:
    with pytest.raises(InvalidOptionError, match="a key goes to one host only") as caught:
        RouterChatModel(served[1], api_key="sk-secret")
    assert "sk-secret" not in str(caught.value)


async def test_a_key_opens_a_configuration_of_one_provider(door: Door, served: Served) -> None:
    simulator, _ = served
    config = {
        "extends": "none",
        "providers": {"nebius": {"base_url": simulator.url("nebius"), "api_key_env": "NEBIUS_API_KEY"}},
        "models": {"m": {"provider": "nebius", "api_name": "meta-llama/Meta-Llama-3.1-8B-Instruct"}},
        "presets": {"only": {"default": "m"}},
    }
    router = RouterChatModel(config, api_key="sk-secret")
    assert (await door(router, "hi")).text
    assert "sk-secret" not in repr(router)
    assert "sk-secret" not in repr(router.engine.snapshot.live.clients.options)


# --- pickles and copies ----------------------------------------------------------------------------


async def test_a_router_over_a_configuration_pickles_without_its_keys(
    door: Door, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMBANOVA_API_KEY", "sk-secret")
    router = RouterChatModel(served[1], temperature=0.4, max_retries=0).for_task("code")
    await door(router, "hi")
    data = pickle.dumps(router)
    assert b"sk-secret" not in data
    again = pickle.loads(data)
    assert (again.task, again.temperature, again.max_retries) == ("code", 0.4, 0)
    assert record(await door(again, "hi"))["task"] == "code"
    assert again.engine is not router.engine


def test_an_api_key_is_not_pickled(served: Served) -> None:
    config = {
        "extends": "none",
        "providers": {"p": {"base_url": served[0].url("nebius"), "api_key_env": "NO_SUCH_KEY"}},
        "models": {"m": {"provider": "p", "api_name": "m"}},
        "presets": {"only": {"default": "m"}},
    }
    assert b"sk-secret" not in pickle.dumps(RouterChatModel(config, api_key=SecretStr("sk-secret")))


def test_a_router_over_clients_pickles_where_they_do_and_else_says_why(served: Served) -> None:
    router = router_over(scripted("yes", name="alpha"))
    assert pickle.loads(pickle.dumps(router)).invoke("hi").text == "yes"
    client = ChatOpenAI(model="m", base_url=served[0].url("nebius"), api_key=SecretStr("none"))
    with pytest.raises(InvalidOptionError, match=r"clients\['m'\]: ChatOpenAI cannot be pickled"):
        pickle.dumps(RouterChatModel.from_models({"general": client}))


def test_copies_share_the_engine() -> None:
    router = router_over(scripted("yes", name="alpha"))
    for other in (copy.copy(router), copy.deepcopy(router), router.model_copy()):
        assert other.engine is router.engine


# --- a file that changes ---------------------------------------------------------------------------


async def test_a_changed_file_is_in_force_for_the_next_calls(door: Door, served: Served, tmp_path: Path) -> None:
    simulator, config = served
    path = tmp_path / "modelrouter.yaml"

    def write(preset: str) -> None:
        path.write_text(yaml.safe_dump({"preset": preset, "providers": simulated_providers(config, simulator)}))

    write("sambanova_optimized")
    router = RouterChatModel(path)
    view = router.for_task("simple")
    assert router.profile == RouterChatModel(config, preset="sambanova_optimized").profile
    assert record(await door(view, "hi"))["provider"] == "sambanova"
    write("nebius_balanced")
    until = time.monotonic() + 3
    while record(await door(view, "hi"))["provider"] != "nebius":
        assert time.monotonic() < until, "the changed file is not in force after 3 s"
        time.sleep(0.05)  # noqa: ASYNC251  the file is watched by a thread
    await door(router, "hi")
    assert router.profile == RouterChatModel(config, preset="nebius_balanced").profile
    path.write_text("preset: [broken")
    time.sleep(0.5)  # noqa: ASYNC251
    assert record(await door(view, "hi"))["preset"] == "nebius_balanced"
    assert sum(one.calls for one in router.health().values()) >= 4
