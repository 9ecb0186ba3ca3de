"""Where competitor pages come from."""

import asyncio
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import httpx2

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One result; title and snippet may be empty."""

    url: str
    title: str = ""
    snippet: str = ""


class SearchError(Exception):
    """A search that gave no answer, and why; never with the key."""


class SearchProvider(Protocol):
    """Anything that finds pages. Raises `SearchError` when it cannot."""

    async def search(self, query: str, *, limit: int) -> list[SearchResult]:
        """Return at most `limit` results, the best first."""
        ...


@dataclass(frozen=True, slots=True)
class SavedResults:
    """Results from a JSON file: a list of objects with `url` (or `link`), `title` and `snippet`.

    A saved answer of SerpAPI (`organic_results`) is read as well.
    """

    path: Path

    async def search(self, query: str, *, limit: int) -> list[SearchResult]:
        """Return the saved results, whatever the query."""
        try:
            saved = json.loads(await asyncio.to_thread(Path(self.path).read_text, encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SearchError(f"cannot read the saved results in {self.path}: {error}") from error
        entries = saved.get("organic_results", []) if isinstance(saved, dict) else saved
        if not isinstance(entries, list):
            raise SearchError(f"{self.path} holds no list of results")
        return _results(entries)[:limit]


@dataclass(frozen=True, slots=True)
class SerpApi:
    """Google's results through SerpAPI; the key is `SERPAPI_API_KEY` unless given."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str = "https://serpapi.com"

    async def search(self, query: str, *, limit: int) -> list[SearchResult]:
        """Return Google's organic results."""
        key = self.api_key or os.environ.get("SERPAPI_API_KEY")
        if not key:
            raise SearchError("SerpAPI needs a key in SERPAPI_API_KEY")
        params = {"engine": "google", "q": query, "num": str(limit), "api_key": key}
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
                response = await client.get(f"{self.base_url}/search.json", params=params)
                answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            # The message of the error may quote the URL, and with it the key.
            raise SearchError(f"SerpAPI cannot be reached: {type(error).__name__}") from None
        if not isinstance(answer, dict) or response.status_code != 200:
            said = answer.get("error", "") if isinstance(answer, dict) else ""
            raise SearchError(f"SerpAPI answers HTTP {response.status_code} {said}".replace(key, "***").strip())
        return _results(answer.get("organic_results", []))[:limit]


@dataclass(frozen=True, slots=True)
class DuckDuckGo:
    """DuckDuckGo's results through the package `ddgs`; needs no key, is slow and rate-limited."""

    async def search(self, query: str, *, limit: int) -> list[SearchResult]:
        """Return DuckDuckGo's results."""
        return await asyncio.to_thread(self._search, query, limit)

    def _search(self, query: str, limit: int) -> list[SearchResult]:
        try:
            ddgs, failures = import_module("ddgs"), import_module("ddgs.exceptions")
        except ImportError:
            raise SearchError(
                "DuckDuckGo needs the package ddgs: pip install 'langchain-modelrouter[search]'"
            ) from None
        try:
            return _results(ddgs.DDGS().text(query, max_results=limit))
        except failures.DDGSException as error:
            raise SearchError(f"DuckDuckGo gave no results: {error}") from error


def _results(entries: Iterable[Any]) -> list[SearchResult]:
    """Return the entries that have a URL, under whichever of the usual names."""
    found = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(SearchResult(entry))
        elif isinstance(entry, Mapping):
            url = entry.get("url") or entry.get("link") or entry.get("href")
            snippet = entry.get("snippet") or entry.get("body") or ""
            if url:
                found.append(SearchResult(str(url), str(entry.get("title") or ""), str(snippet)))
    return found
