"""A model for a task in one line, over one shared router per configuration."""

from functools import lru_cache
from pathlib import Path

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.config import RouterConfig, config_path


def get_llm_for_task(task: str, config: RouterConfig | Path | str | None = None) -> RouterChatModel:
    """Return a chat model for one task; all that use the same configuration share health, ledger and clients.

    Raises:
        UnknownTaskError: the task is not defined.
        ConfigError: the configuration cannot be used.
    """
    source = config if isinstance(config, RouterConfig) else config_path(config)
    return _shared_router(source if isinstance(source, RouterConfig) or source is None else source.resolve()).for_task(
        task
    )


@lru_cache(maxsize=64)
def _shared_router(source: RouterConfig | Path | None) -> RouterChatModel:
    return RouterChatModel(source)
