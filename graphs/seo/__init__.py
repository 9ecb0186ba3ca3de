"""The SEO pipeline: real pages in, eight recommendations out, each agent on the model that fits it.

Names are looked up when first used, so that the worker that parses pages starts without LangGraph.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphs.seo.pipeline import build
    from graphs.seo.run import arun_seo, run_seo

__all__ = ["arun_seo", "build", "run_seo"]

_HOMES = {"arun_seo": "run", "build": "pipeline", "graph": "graph", "run_seo": "run"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
