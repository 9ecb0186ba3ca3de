import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graphs.seo.search import DuckDuckGo, SavedResults, SearchError, SearchResult, SerpApi

RESULTS = [{"link": "https://a.example/", "title": "A", "snippet": "about a"}, {"title": "no url"}]


async def test_saved_results_are_read_in_both_forms(tmp_path: Path) -> None:
    listed, serp = tmp_path / "list.json", tmp_path / "serp.json"
    listed.write_text(json.dumps([{"url": "https://a.example/", "title": "A"}, "https://b.example/"]))
    serp.write_text(json.dumps({"organic_results": RESULTS}))
    assert await SavedResults(listed).search("any", limit=5) == [
        SearchResult("https://a.example/", "A"),
        SearchResult("https://b.example/"),
    ]
    assert await SavedResults(serp).search("any", limit=5) == [SearchResult("https://a.example/", "A", "about a")]
    assert len(await SavedResults(listed).search("any", limit=1)) == 1


@pytest.mark.parametrize("text", ["", "{", '"words"', '{"organic_results": 3}'])
async def test_a_broken_file_is_a_search_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(SearchError, match=r"results\.json"):
        await SavedResults(path).search("any", limit=5)
    with pytest.raises(SearchError, match="cannot read"):
        await SavedResults(tmp_path / "none.json").search("any", limit=5)


async def test_serpapi_asks_google_with_the_key(server: Any, reply: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERPAPI_API_KEY", "k3y")
    path = "/search.json?engine=google&q=e-bike+%7Bcare%7D&num=3&api_key=k3y"
    server.add(path, reply(json.dumps({"organic_results": RESULTS}).encode(), kind="application/json"))
    found = await SerpApi(base_url=server.base).search("e-bike {care}", limit=3)
    assert [result.url for result in found] == ["https://a.example/"]


async def test_serpapi_without_a_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERPAPI_API_KEY", raising=False)
    with pytest.raises(SearchError, match="SERPAPI_API_KEY"):
        await SerpApi().search("x", limit=1)


async def test_serpapi_never_shows_the_key(server: Any, reply: Any) -> None:
    refused = reply(b'{"error": "Invalid API key: k3y"}', status=401, kind="application/json")
    server.add("/search.json?engine=google&q=x&num=1&api_key=k3y", refused)
    for base_url in (server.base, "http://127.0.0.1:9"):
        provider = SerpApi("k3y", base_url=base_url)
        with pytest.raises(SearchError) as caught:
            await provider.search("x", limit=1)
        assert "k3y" not in f"{caught.value!r} {provider!r} {caught.value.__cause__!r}"


async def test_duckduckgo_runs_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        def text(self, query: str, max_results: int) -> list[dict[str, str]]:
            if query == "bad":
                raise failures.DDGSException("rate limit")
            return [{"href": "https://a.example/", "title": query, "body": "b"}] * max_results

    ddgs, failures = ModuleType("ddgs"), ModuleType("ddgs.exceptions")
    ddgs.DDGS, failures.DDGSException = Engine, type("DDGSException", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ddgs", ddgs)
    monkeypatch.setitem(sys.modules, "ddgs.exceptions", failures)
    assert await DuckDuckGo().search("q", limit=1) == [SearchResult("https://a.example/", "q", "b")]
    with pytest.raises(SearchError, match="rate limit"):
        await DuckDuckGo().search("bad", limit=1)


async def test_duckduckgo_without_the_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ddgs", None)
    with pytest.raises(SearchError, match=r"langchain-modelrouter\[search\]"):
        await DuckDuckGo().search("q", limit=1)
