"""What the graph carries from node to node: plain values, so that any checkpointer can store them."""

from operator import add
from typing import Annotated, Any, NotRequired

from typing_extensions import TypedDict

from graphs.seo.ask import CallRecord
from graphs.seo.coverage import Gap
from graphs.seo.page_error import ErrorEntry
from graphs.seo.page_facts import Page, PageFacts


class SeoInput(TypedDict):
    """What a run starts from."""

    target: str
    competitors: NotRequired[list[str]]
    keyword: NotRequired[str | None]


class Found(TypedDict):
    """One search result that may be picked."""

    url: str
    title: str
    snippet: str


class PageJob(TypedDict):
    """One page to read; `facts` where it has been fetched already."""

    url: str
    facts: PageFacts | None


class SeoState(SeoInput, total=False):
    """The whole run."""

    target_facts: PageFacts | None
    queries: list[str]
    offered: list[Found]
    chosen: list[str]
    pages: Annotated[list[Page], add]
    errors: Annotated[list[ErrorEntry], add]
    calls: Annotated[list[CallRecord], add]
    gap: Gap | None
    missing_topics: list[str]
    summary: str
    recommendations: list[dict[str, Any]]
    report: dict[str, Any]
    approved: bool
