"""The nodes of the pipeline.

Each makes at most one paid call and its repair, so that a run that is killed and resumed repeats no call
that was answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from langchain_core.messages import BaseMessage
from langgraph.config import get_stream_writer
from langgraph.types import interrupt

from graphs.seo.ask import Answered, AnswerT, ask
from graphs.seo.coverage import Gap, gap, uncovered
from graphs.seo.gate import Gate
from graphs.seo.page_error import ErrorEntry, PageError, one_line, same_page
from graphs.seo.page_facts import Page, PageFacts
from graphs.seo.prompts import (
    gap_prompt,
    insight_prompt,
    picks_prompt,
    queries_prompt,
    recommendations_prompt,
)
from graphs.seo.reader import Reader, shortened
from graphs.seo.report import assemble, competitor_pages, target_page
from graphs.seo.schemas import GapSummary, PageInsight, Recommendations, SearchQueries, picks_of
from graphs.seo.search import SearchError, SearchProvider, SearchResult
from graphs.seo.state import Found, PageJob, SeoState
from langchain_modelrouter import RouterChatModel

_OFFERED = 20
Update = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Agents:
    """The nodes, over one router, one reader of pages and perhaps one search provider."""

    router: RouterChatModel
    reader: Reader
    search_provider: SearchProvider | None
    gate: Gate
    competitors_wanted: int
    simulated: bool

    async def read_target(self, state: SeoState) -> Update:
        """Read the target page; without a keyword, take the one that the page itself is about."""
        target = state["target"]
        _say("data_collection", "reads the target page", url=target)
        facts, errors = None, []
        try:
            facts = await self.reader.facts(target)
        except PageError as error:
            errors.append(_said("data_collection", error.entry()))
        keyword = (state.get("keyword") or "").strip() or _subject(target, facts)
        return {"target_facts": facts, "keyword": keyword, "errors": errors}

    async def data_collection(self, state: SeoState) -> Update:
        """Have the search queries written."""
        keyword = _keyword(state)
        _say("data_collection", "writes search queries")
        prompt = queries_prompt(target=state["target"], keyword=keyword, page=state.get("target_facts"))
        answer = await self._ask("data_collection", prompt, SearchQueries)
        errors = []
        if answer.value is None:
            errors.append(_model_failed("data_collection", state["target"], answer.error))
        queries = answer.value.queries if answer.value is not None else [keyword]
        _say("data_collection", "has its queries", queries=queries)
        return {"queries": queries, "errors": errors, "calls": answer.calls}

    async def search(self, state: SeoState) -> Update:
        """Run the queries; offer each page once, and none that is the target or was given."""
        assert self.search_provider is not None
        known = {same_page(url) for url in (state["target"], *state.get("competitors", []))}
        offered: list[Found] = []
        errors: list[ErrorEntry] = []
        for query in state["queries"]:
            _say("data_collection", "searches", query=query)
            try:
                results = await self.search_provider.search(query, limit=10)
            except SearchError as error:
                failed = f"search for {query!r}: {error}"
                entry = ErrorEntry(url=state["target"], stage="fetch", error=one_line(failed))
                errors.append(_said("data_collection", entry))
                continue
            for result in results:
                if same_page(result.url) not in known:
                    known.add(same_page(result.url))
                    offered.append(Found(url=result.url, title=result.title, snippet=result.snippet))
        return {"offered": offered[:_OFFERED], "errors": errors}

    async def pick(self, state: SeoState) -> Update:
        """Have competitors picked from what the search offered, by number."""
        offered = state["offered"]
        wanted = max(0, self.competitors_wanted - len(state.get("competitors", [])))
        if len(offered) <= wanted or wanted == 0:
            return {"chosen": [result["url"] for result in offered[:wanted]]}
        prompt = picks_prompt(
            keyword=_keyword(state), offered=[SearchResult(**result) for result in offered], at_most=wanted
        )
        schema = picks_of(len(offered), at_most=wanted)
        answer = await self._ask("data_collection", prompt, schema)
        errors = []
        if answer.value is None:
            errors.append(_model_failed("data_collection", state["target"], answer.error))
        picks = answer.value.picks if answer.value is not None else range(1, wanted + 1)
        chosen = [offered[number - 1]["url"] for number in dict.fromkeys(picks)]
        _say("data_collection", "picked pages", urls=chosen)
        return {"chosen": chosen, "errors": errors, "calls": answer.calls}

    async def content_scraping(self, state: PageJob) -> Update:
        """Read one page and have its topics and intent named."""
        async with self.gate.place():
            return await self._scraped(state)

    async def _scraped(self, state: PageJob) -> Update:
        url = state["url"]
        _say("content_scraping", "reads", url=url)
        try:
            facts = state["facts"] or shortened(await self.reader.facts(url))
        except PageError as error:
            return {"errors": [_said("content_scraping", error.entry())]}
        answer = await self._ask("content_scraping", insight_prompt(facts, url=url), PageInsight)
        errors = []
        if answer.value is None:
            errors.append(_model_failed("content_scraping", url, answer.error))
        topics, intent = (answer.value.topics, answer.value.intent) if answer.value else ([], "unknown")
        _say("content_scraping", "has read", url=url, words=facts["word_count"])
        page: Page = {**facts, "url": url, "topics": topics, "intent": intent}
        return {"pages": [page], "errors": errors, "calls": answer.calls}

    async def gap_analysis(self, state: SeoState) -> Update:
        """Count what the target lacks, and have that judged."""
        target, competitors = target_page(state), competitor_pages(state)
        if target is None or not competitors:
            lacking = "competitor page" if target is not None else "target page"
            return {"gap": None, "missing_topics": [], "summary": f"Nothing was compared: no {lacking} was read."}
        _say("gap_analysis", "compares", pages=len(competitors) + 1)
        keyword = _keyword(state)
        counted = gap(target, competitors, keyword=keyword)
        answer = await self._ask(
            "gap_analysis",
            gap_prompt(target, competitors, counted, keyword=keyword, queries=state.get("queries", [])),
            GapSummary,
        )
        errors = []
        if answer.value is None:
            errors.append(_model_failed("gap_analysis", state["target"], answer.error))
            topics, summary = counted["missing_topics"], _counted_summary(counted)
        else:
            judged = uncovered(answer.value.missing_topics, target)
            topics = list(dict.fromkeys([*judged, *counted["missing_topics"]]))
            summary = answer.value.summary
        _say("gap_analysis", "has compared", coverage=counted["coverage"])
        return {
            "gap": counted,
            "missing_topics": topics,
            "summary": summary,
            "errors": errors,
            "calls": answer.calls,
        }

    async def recommendations(self, state: SeoState) -> Update:
        """Have the eight recommendations written; none for a page that nobody could read."""
        target = target_page(state)
        if target is None:
            return {"recommendations": []}
        _say("recommendations", "writes")
        prompt = recommendations_prompt(
            target,
            competitor_pages(state),
            state.get("gap"),
            keyword=_keyword(state),
            summary=state.get("summary", ""),
        )
        answer = await self._ask("recommendations", prompt, Recommendations)
        if answer.value is None:
            failed = _model_failed("recommendations", state["target"], answer.error)
            return {"recommendations": [], "errors": [failed], "calls": answer.calls}
        written = [recommendation.model_dump() for recommendation in answer.value.recommendations]
        _say("recommendations", "has written", count=len(written))
        return {"recommendations": written, "calls": answer.calls}

    async def report(self, state: SeoState) -> Update:
        """Put the report together."""
        return {"report": assemble(state, self.router.registry, simulated=self.simulated)}

    async def approval(self, state: SeoState) -> Update:
        """Wait for a person; resumed with True the report may be published."""
        return {"approved": interrupt({"question": "Publish this report?", "report": state["report"]}) is True}

    async def _ask(self, task: str, prompt: Sequence[BaseMessage], schema: type[AnswerT]) -> Answered[AnswerT]:
        """Ask the model of the task, and tell which one answered and what that cost."""
        answer = await ask(self.router.for_task(task), prompt, schema, task=task)
        for call in answer.calls:
            costs = [attempt["cost_usd"] or 0.0 for attempt in call["attempts"]]
            _say(task, "called", model=call["model"], attempts=len(costs), cost_usd=sum(costs))
        return answer


def _say(agent: str, event: str, **facts: object) -> None:
    """Tell whoever streams the custom events how far an agent is."""
    get_stream_writer()({"agent": agent, "event": event, **facts})


def _said(agent: str, entry: ErrorEntry) -> ErrorEntry:
    _say(agent, "failed", **entry)
    return entry


def _model_failed(agent: str, url: str, error: str) -> ErrorEntry:
    return _said(agent, ErrorEntry(url=url, stage="model", error=f"{agent}: {error}"))


def _keyword(state: SeoState) -> str:
    return state.get("keyword") or ""


def _subject(url: str, facts: PageFacts | None) -> str:
    """Return what the page is about by its own words, else by its address."""
    if facts is not None and facts["keywords"]:
        return facts["keywords"][0]
    parts = urlsplit(url)
    slug = unquote(parts.path).rstrip("/").rpartition("/")[2].partition(".")[0]
    return slug.replace("-", " ").replace("_", " ").strip() or parts.hostname or url


def _counted_summary(counted: Gap) -> str:
    return (
        f"No model judged this; counted only. The target uses {counted['coverage']:.0%} of the competitors' terms "
        f"and has {abs(counted['word_count_gap'])} words {'fewer' if counted['word_count_gap'] > 0 else 'more'} "
        f"than they have on average. Of their terms it lacks {', '.join(counted['missing_keywords'][:5]) or 'none'}."
    )
