"""The report as one JSON-able value: pages, errors, gap, recommendations, money."""

from collections.abc import Mapping
from typing import Any

from graphs.seo.costs import costs
from graphs.seo.page_error import ErrorEntry
from graphs.seo.page_facts import Page
from graphs.seo.state import SeoState
from langchain_modelrouter import ModelInfo

_SHOWN = (
    "url",
    "title",
    "meta_description",
    "headings",
    "word_count",
    "keywords",
    "links",
    "images_without_alt",
    "topics",
    "intent",
)


def assemble(state: SeoState, registry: Mapping[str, ModelInfo], *, simulated: bool) -> dict[str, Any]:
    """Return the report of a run, also of one in which pages or models failed."""
    calls = state.get("calls", [])
    target = target_page(state)
    pages = [*([target] if target is not None else []), *competitor_pages(state)]
    return {
        "target": state["target"],
        "keyword": state.get("keyword") or "",
        "simulated": simulated or any(call["simulated"] for call in calls),
        "preset": next((call["preset"] for call in calls if call["preset"]), None),
        "pages": [{key: page[key] for key in _SHOWN} for page in pages],  # type: ignore[literal-required]
        "errors": [*_all_failed(state), *state.get("errors", [])],
        "gap_analysis": _gap(state),
        "recommendations": state.get("recommendations", []),
        **costs(calls, registry),
    }


def target_page(state: SeoState) -> Page | None:
    """Return the target's page, or None where it could not be read."""
    return next((page for page in state.get("pages", []) if page["url"] == state["target"]), None)


def competitor_pages(state: SeoState) -> list[Page]:
    """Return the competitors' pages that could be read, in the order in which they were given."""
    return [page for page in state.get("pages", []) if page["url"] != state["target"]]


def _gap(state: SeoState) -> dict[str, Any]:
    """Return the gap analysis; where nothing could be compared its figures are None, not 0."""
    counted = state.get("gap")
    judged = {"missing_topics": state.get("missing_topics", []), "summary": state.get("summary", "")}
    if counted is None:
        return {"missing_keywords": [], "coverage": None, "word_count_gap": None, **judged}
    return {
        "missing_keywords": counted["missing_keywords"],
        "coverage": counted["coverage"],
        "word_count_gap": counted["word_count_gap"],
        **judged,
        "terms": counted["terms"],
        "headings": counted["headings"],
    }


def _all_failed(state: SeoState) -> list[ErrorEntry]:
    """Say it plainly when no call of the whole run was answered."""
    calls = state.get("calls", [])
    answered = any(attempt["outcome"] == "ok" for call in calls for attempt in call["attempts"])
    if answered or not calls:
        return []
    failed = f"no model answered any of the {len(calls)} calls of this run; all figures here are counted, not judged"
    return [ErrorEntry(url=state["target"], stage="model", error=failed)]
