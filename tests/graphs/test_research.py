import json
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graphs.research import ResearchState, build, bullets_of
from graphs.seo.sample_server import SampleSite, served_sample_site
from graphs.seo.search import SearchError, SearchResult
from langchain_modelrouter import AllModelsFailedError, RouterChatModel

QUESTION = {"question": "How is an e-bike battery maintained?"}


class Found:
    """A search that finds the same pages for each query, and notes the queries."""

    def __init__(self, *urls: str, error: str = "") -> None:
        self.urls, self.error, self.queries = urls, error, list[str]()

    async def search(self, query: str, *, limit: int) -> list[SearchResult]:
        self.queries.append(query)
        if self.error:
            raise SearchError(self.error)
        return [SearchResult(url) for url in self.urls[:limit]]


@pytest.fixture
def site() -> Iterator[SampleSite]:
    with served_sample_site() as site:
        yield site


@pytest.fixture
def router(served: Any) -> RouterChatModel:
    return RouterChatModel(served[1])


async def test_three_bullets_rest_on_pages_that_were_read(site: SampleSite, router: RouterChatModel) -> None:
    search = Found(*site.competitors)
    state = await build(router, search=search, allow_private=True).ainvoke(QUESTION)
    assert 3 <= len(search.queries) <= 5
    assert {source["url"] for source in state["sources"]} == set(site.competitors)
    assert len(state["bullets"]) == 3
    for bullet in state["bullets"]:
        assert bullet["text"]
        assert set(bullet["sources"]) <= set(site.competitors)
        assert bullet["sources"]
    assert state.get("errors", []) == []


# A structured answer of ChatOpenAI that is streamed warns when it is serialized; the answer is right.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
async def test_runs_blocking_as_well(site: SampleSite, router: RouterChatModel) -> None:
    graph = build(router, search=Found(*site.competitors), allow_private=True)
    state = graph.invoke(QUESTION)
    assert (len(state["sources"]), len(state["bullets"])) == (3, 3)
    events = list(graph.stream(QUESTION, stream_mode="messages"))
    assert {metadata["langgraph_node"] for _, metadata in events} >= {"synthesis"}  # type: ignore[index]


async def test_each_step_goes_to_a_model_that_fits_it(site: SampleSite, router: RouterChatModel) -> None:
    state = await build(router, search=Found(site.target), allow_private=True).ainvoke(QUESTION)
    assert [(call["task"], call["model"]) for call in state["calls"]] == [
        ("data_collection", "sambanova-llama-8b"),
        ("analysis", "sambanova-llama-70b"),
        ("summarization", "sambanova-llama-17b"),
    ]
    spent = sum(attempt["cost_usd"] for call in state["calls"] for attempt in call["attempts"])
    assert state["cost_usd"] == pytest.approx(spent, abs=1e-12)
    assert json.loads(json.dumps(state)) == state


async def test_given_pages_are_read_without_a_search(site: SampleSite, router: RouterChatModel) -> None:
    given = {**QUESTION, "urls": [site.target, site.target + "#top"]}
    state = await build(router, allow_private=True).ainvoke(given)
    assert len(state["sources"]) == 1
    assert [call["task"] for call in state["calls"]] == ["analysis", "summarization"]


async def test_what_cannot_be_had_is_an_entry_and_the_rest_goes_on(site: SampleSite, router: RouterChatModel) -> None:
    search = Found(site.target, site.target + "-none")
    state = await build(router, search=search, allow_private=True).ainvoke(QUESTION)
    assert len(state["sources"]) == 1
    assert [(error["url"], error["stage"]) for error in state["errors"]] == [(site.target + "-none", "fetch")]


async def test_without_a_page_no_model_makes_one_up(router: RouterChatModel) -> None:
    state = await build(router, search=Found(error="out of order")).ainvoke(QUESTION)
    assert (state["synthesis"], state["bullets"]) == ("", [])
    assert {error["error"].split(": ")[-1] for error in state["errors"]} == {"out of order"}


async def test_private_addresses_are_refused_unless_allowed(site: SampleSite, router: RouterChatModel) -> None:
    state = await build(router, search=Found(site.target)).ainvoke(QUESTION)
    assert (state.get("sources", []), len(state["errors"])) == ([], 1)


async def test_a_run_that_broke_off_goes_on_without_paying_twice(site: SampleSite, served: Any) -> None:
    simulator, config = served
    graph = build(RouterChatModel(config), allow_private=True, checkpointer=InMemorySaver(), search=Found(site.target))
    thread: Any = {"configurable": {"thread_id": "1"}}
    for model in [key for key in config.registry if key != "sambanova-llama-8b"]:
        simulator.fault(model, "unavailable")
    with pytest.raises(AllModelsFailedError):
        await graph.ainvoke(QUESTION, thread)
    simulator.clear()
    state = await build(
        RouterChatModel(config), allow_private=True, checkpointer=graph.checkpointer, search=Found(error="not again")
    ).ainvoke(None, thread)
    assert [call["task"] for call in state["calls"]] == ["data_collection", "analysis", "summarization"]
    assert len(state["bullets"]) == 3


def test_no_bullet_can_cite_a_page_that_was_not_read() -> None:
    bullet = {"text": "so", "sources": [3]}
    with pytest.raises(ValueError, match="less than or equal to 2"):
        bullets_of(2).model_validate({"bullets": [bullet] * 3})
    assert bullets_of(3).model_validate({"bullets": [bullet] * 3})


def test_streams_its_state_under_the_names_it_documents(router: RouterChatModel) -> None:
    properties = build(router).get_output_jsonschema()["properties"]
    assert set(ResearchState.__annotations__) <= set(properties)
