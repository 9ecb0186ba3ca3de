"""The graph: four agents, each on the model that fits its task."""

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from graphs.seo.agents import Agents
from graphs.seo.gate import Gate
from graphs.seo.page_error import same_page
from graphs.seo.reader import Reader
from graphs.seo.search import SearchProvider
from graphs.seo.state import PageJob, SeoInput, SeoState
from langchain_modelrouter import RouterChatModel

SeoGraph = CompiledStateGraph[SeoState, None, SeoInput, SeoState]


def build(
    router: RouterChatModel,
    *,
    search: SearchProvider | None = None,
    allow_private: bool = False,
    competitors_wanted: int = 5,
    max_concurrency: int = 4,
    simulated: bool = False,
    approve: bool = False,
    reader: Reader | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> SeoGraph:
    """Return the compiled pipeline: `{"target": url, "competitors": [url, ...], "keyword": ...}` to `report`.

    Args:
        search: finds competitors beside those given; without it only the given ones are read.
        allow_private: fetch from loopback and private addresses too. Not part of the input, so that a
            caller of a served graph cannot turn it on.
        competitors_wanted: how many pages a search may bring the competitors up to.
        max_concurrency: how many pages are read at the same time, all runs of this graph in one event loop together.
        simulated: the router's providers are the simulator's; the report says so.
        approve: stop with an `interrupt` before the report counts as published; needs a checkpointer.
    """
    agents = Agents(
        router,
        reader or Reader(allow_private=allow_private),
        search,
        Gate(max_concurrency),
        competitors_wanted,
        simulated,
    )
    graph = StateGraph(SeoState, input_schema=SeoInput)
    graph.add_node("read_target", agents.read_target)
    graph.add_node("data_collection", agents.data_collection)
    graph.add_node("content_scraping", agents.content_scraping, input_schema=PageJob)
    graph.add_node("gap_analysis", agents.gap_analysis)
    graph.add_node("recommendations", agents.recommendations)
    graph.add_node("report", agents.report)
    graph.add_edge(START, "read_target")
    graph.add_edge("read_target", "data_collection")
    if search is None:
        graph.add_conditional_edges("data_collection", each_page, ["content_scraping", "gap_analysis"])
    else:
        graph.add_node("search", agents.search)
        graph.add_node("pick", agents.pick)
        graph.add_edge("data_collection", "search")
        graph.add_edge("search", "pick")
        graph.add_conditional_edges("pick", each_page, ["content_scraping", "gap_analysis"])
    graph.add_edge("content_scraping", "gap_analysis")
    graph.add_edge("gap_analysis", "recommendations")
    graph.add_edge("recommendations", "report")
    if approve:
        graph.add_node("approval", agents.approval)
        graph.add_edge("report", "approval")
        graph.add_edge("approval", END)
    else:
        graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer, name="seo")


def each_page(state: SeoState) -> list[Send] | str:
    """Send each page to its own run of `content_scraping`; the target, if it was read, goes first."""
    target, facts = state["target"], state.get("target_facts")
    competitors = {same_page(url): url for url in (*state.get("competitors", []), *state.get("chosen", []))}
    competitors.pop(same_page(target), None)
    jobs = [PageJob(url=target, facts=facts)] if facts is not None else []
    jobs += [PageJob(url=url, facts=None) for url in competitors.values()]
    return [Send("content_scraping", job) for job in jobs] or "gap_analysis"
