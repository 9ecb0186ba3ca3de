"""A model for a task in one line, over one shared router per configuration."""

from dataclasses import dataclass
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
    return _shared_router(source.resolve() if isinstance(source, Path) else _Same(source)).for_task(task)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A configuration as a key: itself, not its equals, since it holds mappings; None is the built-in one."""

    config: RouterConfig | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.config is other.config

    def __hash__(self) -> int:
        return id(self.config)


@lru_cache(maxsize=64)
def _shared_router(source: _Same | Path) -> RouterChatModel:
    return RouterChatModel(source.config if isinstance(source, _Same) else source)
