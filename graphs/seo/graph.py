"""The pipeline as `langgraph.json` serves it: built-in configuration, competitors given, public pages only."""

from graphs.seo.pipeline import build
from langchain_modelrouter import RouterChatModel

graph = build(RouterChatModel())
"""Built when this module is imported; no model is called and no page fetched until it runs."""
