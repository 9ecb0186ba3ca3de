"""Ready LangGraph applications, built on the public API of `langchain_modelrouter` only."""
