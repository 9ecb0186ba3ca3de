"""From a URL to the facts about its page."""

from dataclasses import dataclass, field

from graphs.seo.fetch import Fetcher, FetchLimits
from graphs.seo.page_facts import PageFacts
from graphs.seo.parse_pool import ParsePool, shared_pool

_COMPETITOR_TERMS = 600


@dataclass(frozen=True, slots=True)
class Reader:
    """Fetches a page and has it parsed by a worker."""

    allow_private: bool = False
    limits: FetchLimits = field(default_factory=FetchLimits)
    pool: ParsePool = field(default_factory=shared_pool)
    fetcher: Fetcher = field(init=False)

    def __post_init__(self) -> None:
        fetcher = Fetcher(self.pool, allow_private=self.allow_private, limits=self.limits)
        object.__setattr__(self, "fetcher", fetcher)

    async def facts(self, url: str) -> PageFacts:
        """Return the facts about the page.

        Raises:
            PageError: why it cannot be had.
        """
        page = await self.fetcher.fetch(url)
        return await self.pool.facts(page.body, charset=page.charset, url=page.url)


def shortened(facts: PageFacts) -> PageFacts:
    """Return the facts with the most used terms only: enough for a page that others are held against."""
    most_used = dict(list(facts["terms"].items())[:_COMPETITOR_TERMS])
    own = {term: facts["terms"][term] for term in facts["keywords"] if term in facts["terms"]}
    return {**facts, "terms": most_used | own}
