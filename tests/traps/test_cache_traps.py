"""Trap 14: a reply from a cache is the reply of that model on that route, and says so."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from tests.doors import DOORS, Door, record, router_over, scripted, two_models

Served = tuple[Simulator, RouterConfig]
WHOLE_DOORS = DOORS[:2]
"""`invoke` and `ainvoke`: LangChain's cache does not serve streams."""


@pytest.fixture
def cache() -> Iterator[InMemoryCache]:
    cache = InMemoryCache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(None)


def keys(cache: InMemoryCache) -> list[str]:
    return [f"{prompt}{model}" for prompt, model in cache._cache]


def faceless(text: str) -> GenericFakeChatModel:
    """Return a model that says nothing of itself, as many do in tests."""
    return GenericFakeChatModel(messages=iter([AIMessage(text)] * 9))


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_two_routers_share_no_entry(door: Door, cache: InMemoryCache) -> None:
    one = RouterChatModel.from_models({"general": faceless("from one")}, classifier=None)
    two = RouterChatModel.from_models({"general": faceless("from two")}, classifier=None)
    assert [(await door(one, "hi")).text, (await door(two, "hi")).text] == ["from one", "from two"]
    assert len(cache._cache) == 2


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_two_routes_share_no_entry(door: Door, cache: InMemoryCache) -> None:
    router = RouterChatModel.from_models({"general": faceless("plain"), "code": faceless("code")}, classifier=None)
    assert (await door(router, "hi")).text == "plain"
    assert (await door(router, "hi", task="code")).text == "code"
    assert len(cache._cache) == 2


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_two_presets_share_no_entry_over_http(door: Door, cache: InMemoryCache, served: Served) -> None:
    router = RouterChatModel(served[1])
    first = await door(router, "hi", task="simple")
    second = await door(router.with_preset("nebius_balanced"), "hi", task="simple")
    assert record(first)["provider"] == "sambanova"
    assert record(second)["provider"] == "nebius"
    assert served[0].calls() == 2
    assert await cached(door, router, task="simple")


async def cached(door: Door, router: RouterChatModel, **options: Any) -> bool:
    said = record(await door(router, "hi", **options))
    return bool(said.get("cached")) and said["attempts"] == [] and said["cost_usd"] == 0


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_keys_hold_no_addresses(door: Door, cache: InMemoryCache, served: Served) -> None:
    await door(RouterChatModel(served[1]), "hi")
    await door(RouterChatModel(served[1]).bind_tools([Looks]), "hi")
    await door(router_over(*two_models("yes")), "hi")
    plain = ChatOpenAI(model="Qwen3-32B", base_url=served[0].url("sambanova"), api_key=SecretStr("none"))
    await door(RouterChatModel.from_models({"general": plain}), "hi")
    assert len(cache._cache) == 4
    assert not [key for key in keys(cache) if re.search(r"0x[0-9a-f]{6}", key)]


def Looks(place: str) -> str:
    """Look around."""
    return place


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_a_cached_reply_says_so_and_costs_nothing(
    door: Door, cache: InMemoryCache, served: Served
) -> None:
    for router in (RouterChatModel(served[1]), router_over(*two_models("yes"))):
        assert not await cached(door, router)
        assert await cached(door, router)
        assert await cached(door, router)
    assert served[0].calls() == 1
    alpha, beta = two_models("yes", usage=None)
    await door(router_over(alpha, beta), "hi")
    assert alpha.calls == 1


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_the_routers_own_cache_is_its_models_cache(door: Door, served: Served) -> None:
    own = InMemoryCache()
    for router in (RouterChatModel(served[1], cache=own), router_over(*two_models("yes"), cache=own)):
        assert not await cached(door, router)
        assert await cached(door, router)
    assert len(own._cache) == 2


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_a_router_without_a_cache_stays_without(door: Door, cache: InMemoryCache, served: Served) -> None:
    for router in (RouterChatModel(served[1], cache=False), router_over(*two_models("yes"), cache=False)):
        await door(router, "hi")
        assert not await cached(door, router)
    assert not cache._cache


@pytest.mark.parametrize("door", WHOLE_DOORS)
async def test_trap_14_a_models_own_cache_stays_its_own(door: Door, cache: InMemoryCache) -> None:
    own = InMemoryCache()
    router = router_over(scripted("yes", name="alpha", cyclic=True, cache=own))
    await door(router, "hi")
    assert await cached(door, router)
    assert (len(own._cache), len(cache._cache)) == (1, 0)


async def test_trap_14_streams_are_not_served_from_a_cache(stream_door: Door, cache: InMemoryCache) -> None:
    router = router_over(*two_models("yes"))
    await stream_door(router, "hi")
    assert not await cached(stream_door, router)
