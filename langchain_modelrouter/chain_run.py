"""The one chain run of a routed call, under which each attempt is one LLM run."""

from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForChainRun,
    CallbackManager,
    CallbackManagerForChainRun,
)
from langchain_core.callbacks.base import BaseCallbackHandler, BaseCallbackManager
from langchain_core.globals import get_debug
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.context import _configure_hooks, _tracing_v2_is_enabled
from langchain_core.utils.env import env_var_is_set

from langchain_modelrouter.telemetry.names import MARK


class ChainRun:
    """A chain run for blocking calls. Where nobody listens, it is no run at all."""

    __slots__ = ("_run",)

    def __init__(self, run: CallbackManagerForChainRun | None) -> None:
        self._run = run

    @classmethod
    def start(cls, router: BaseChatModel, config: RunnableConfig, inputs: Any) -> "ChainRun":
        """Open the run, with the router's own callbacks, tags and metadata beside the caller's."""
        if not _is_heard(router, config):
            return _UNHEARD
        manager = CallbackManager.configure(
            config.get("callbacks"), None, router.verbose, config.get("tags"), None, config.get("metadata"), None
        )
        _add_own(manager, router)
        if not manager.handlers:
            return _UNHEARD
        return cls(
            manager.on_chain_start(
                None, {"input": inputs}, name=config.get("run_name") or router.get_name(), run_id=config.get("run_id")
            )
        )

    def child(self, config: RunnableConfig) -> RunnableConfig:
        """Return the config of an attempt: the caller's, under this run."""
        if self._run is None:
            return _inherited(config)
        return _under(self._run.get_child(), config)

    def ended(self, output: Any) -> None:
        """Close the run with its output."""
        if self._run is not None:
            self._run.on_chain_end({"output": output})

    def failed(self, error: BaseException) -> None:
        """Close the run with its error."""
        if self._run is not None:
            self._run.on_chain_error(error)


class AsyncChainRun:
    """A chain run for calls on an event loop; see `ChainRun`."""

    __slots__ = ("_run",)

    def __init__(self, run: AsyncCallbackManagerForChainRun | None) -> None:
        self._run = run

    @classmethod
    async def start(cls, router: BaseChatModel, config: RunnableConfig, inputs: Any) -> "AsyncChainRun":
        """Open the run, with the router's own callbacks, tags and metadata beside the caller's."""
        if not _is_heard(router, config):
            return _UNHEARD_ASYNC
        manager = AsyncCallbackManager.configure(
            config.get("callbacks"), None, router.verbose, config.get("tags"), None, config.get("metadata"), None
        )
        _add_own(manager, router)
        if not manager.handlers:
            return _UNHEARD_ASYNC
        return cls(
            await manager.on_chain_start(
                None, {"input": inputs}, name=config.get("run_name") or router.get_name(), run_id=config.get("run_id")
            )
        )

    def child(self, config: RunnableConfig) -> RunnableConfig:
        """Return the config of an attempt: the caller's, under this run."""
        if self._run is None:
            return _inherited(config)
        return _under(self._run.get_child(), config)

    async def ended(self, output: Any) -> None:
        """Close the run with its output."""
        if self._run is not None:
            await self._run.on_chain_end({"output": output})

    async def failed(self, error: BaseException) -> None:
        """Close the run with its error."""
        if self._run is not None:
            await self._run.on_chain_error(error)


_UNHEARD, _UNHEARD_ASYNC = ChainRun(None), AsyncChainRun(None)


def _is_heard(router: BaseChatModel, config: RunnableConfig) -> bool:
    """Return whether anybody may listen to a run: a look at what `configure` reads, for a quarter of its price."""
    if config.get("callbacks") or router.callbacks or router.verbose or get_debug() or _tracing_v2_is_enabled():
        return True
    for var, _inheritable, _handler, env_var in _configure_hooks:
        if var.get() is not None or (env_var is not None and env_var_is_set(env_var)):
            return True
    return False


def _add_own(manager: BaseCallbackManager, router: BaseChatModel) -> None:
    """Let the router's own callbacks, tags and metadata reach its LLM runs."""
    own = router.callbacks
    handlers: list[BaseCallbackHandler] = own.handlers if isinstance(own, BaseCallbackManager) else own or []
    for handler in handlers:
        manager.add_handler(handler, inherit=True)
    if router.tags:
        manager.add_tags(router.tags)
    if router.metadata:
        manager.add_metadata(router.metadata)
    manager.add_metadata({MARK: router._identifying_params.get("preset") or ""}, inherit=False)


def _inherited(config: RunnableConfig) -> RunnableConfig:
    """Return the config of an attempt without a run around it: name and id were for that run."""
    inherited: RunnableConfig = {}
    for name, value in config.items():
        if value and name not in ("callbacks", "run_name", "run_id"):
            inherited[name] = value  # type: ignore[literal-required]  # the names are those of the caller's
    return inherited


def _under(manager: BaseCallbackManager, config: RunnableConfig) -> RunnableConfig:
    """Return the config for a child run; tags and metadata are the manager's already."""
    child: RunnableConfig = {"callbacks": manager}
    if configurable := config.get("configurable"):
        child["configurable"] = configurable
    if (limit := config.get("recursion_limit")) is not None:
        child["recursion_limit"] = limit
    return child
