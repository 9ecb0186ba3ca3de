"""What finds competitors for `modelrouter seo`."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from langchain_modelrouter.cli.graph_module import graph_module
from langchain_modelrouter.errors import InvalidOptionError


def search_of(name: str | None) -> Any:
    """Return the search provider of that name, or the saved results of a file; None for none.

    Raises:
        InvalidOptionError: there is no such provider or file, or the provider lacks its key or package.
    """
    if name is None:
        return None
    providers = graph_module("seo", "search")
    if name == "serpapi":
        if not os.environ.get("SERPAPI_API_KEY"):
            raise InvalidOptionError("--search", "serpapi needs a key in SERPAPI_API_KEY")
        return providers.SerpApi()
    if name == "duckduckgo":
        if find_spec("ddgs") is None:
            raise InvalidOptionError("--search", "duckduckgo needs ddgs: pip install 'langchain-modelrouter[search]'")
        return providers.DuckDuckGo()
    if not Path(name).is_file():
        raise InvalidOptionError("--search", f"{name!r} is neither duckduckgo nor serpapi nor a file")
    return providers.SavedResults(Path(name))
