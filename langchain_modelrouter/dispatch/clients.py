"""Builds the clients and keeps them: one per model, for all threads, and one per model and event loop."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from threading import Lock
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary, finalize

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.dispatch.handed_in import cached_apart, with_settings
from langchain_modelrouter.dispatch.settings import LimitsConfig
from langchain_modelrouter.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What the clients that we build have in common."""

    limits: LimitsConfig = LimitsConfig()
    timeout_s: float | None = None
    """Instead of the providers' own `timeout_s`."""
    api_key: str | None = field(default=None, repr=False)
    constructor: Mapping[str, Any] = field(default_factory=dict)
    """Further constructor arguments: `streaming`, `cache`, `output_version`, `rate_limiter`."""


@dataclass(frozen=True, slots=True)
class Access:
    """What there is to know of the client of a model before it is called."""

    is_built: bool
    """True where we build it, rather than having been handed it."""
    family: str
    """The integration that speaks to the model, as `response_metadata["model_provider"]` names it."""
    answer_timeout_s: float | None
    """The seconds that a whole answer may take; None where the client streams inside, or was handed in."""


class Clients:
    """The clients of one configuration. Thread-safe; a forked child builds its own."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        handed_in: Mapping[str, BaseChatModel] | None = None,
        options: ClientOptions = ClientOptions(),
        *,
        identity: str | None = None,
    ) -> None:
        self.providers, self.options, self._given = providers, options, dict(handed_in or {})
        self.handed_in = {key: with_settings(client, options.constructor) for key, client in self._given.items()}
        self._identity = identity or uuid4().hex
        self._keyless = tuple(providers)
        self._accesses: dict[str, Access] = {}
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._http: dict[str, Any] = {}
        self._sync: dict[str, BaseChatModel] = {}
        self._decisions: dict[str, BaseChatModel] = {}
        self._by_loop: _ByLoop = WeakKeyDictionary()
        finalize(self, _close_all, self._http, self._by_loop, self._pid)

    def warm_up(self) -> None:
        """Import what builds clients and read the trust store, which takes half a second and reads files."""
        if any(provider.kind == "openai" for provider in self.providers.values()):
            import_module("langchain_modelrouter.dispatch.openai_client")
            _unused_async_client()

    def missing_key(self, provider_key: str) -> str | None:
        """Return why a provider cannot be asked for want of a key, or None where it can."""
        name = self.providers[provider_key].api_key_env
        if name is None or self.options.api_key is not None or os.environ.get(name):
            return None
        return f"no key for {provider_key}: set the environment variable {name}"

    def without_key(self) -> tuple[str, ...]:
        """Return the providers that cannot be asked for want of a key; one that had its key once has it for good."""
        if self._keyless:
            self._keyless = tuple([key for key in self._keyless if self.missing_key(key)])
        return self._keyless

    def credential(self, model: ModelInfo) -> str:
        """Return what stands for the credential that a model's calls use: models with the same share its fate."""
        if model.key in self.handed_in:
            return model.key
        return self.providers[model.provider].api_key_env or model.provider

    def access(self, model: ModelInfo) -> Access:
        """Return what there is to know of the client of `model` before it is called."""
        access = self._accesses.get(model.key)
        if access is None:
            access = self._accesses[model.key] = self._access_to(model)
        return access

    def _access_to(self, model: ModelInfo) -> Access:
        if (client := self.handed_in.get(model.key)) is not None:
            return Access(is_built=False, family=client._get_ls_params().get("ls_provider", ""), answer_timeout_s=None)
        provider = self.providers[model.provider]
        streams = bool(self.options.constructor.get("streaming"))
        timeout_s = None if streams else self.options.timeout_s or provider.timeout_s
        return Access(is_built=True, family=provider.kind, answer_timeout_s=timeout_s)

    def get(self, model: ModelInfo) -> BaseChatModel:
        """Return the client of `model` for a blocking call."""
        if (handed_in := self.handed_in.get(model.key)) is not None:
            return cached_apart(handed_in, model, self._identity)
        self._heed_fork()
        client = self._sync.get(model.key)
        if client is None:
            with self._lock:
                client = self._sync.get(model.key) or self._build(model, http_async_client=None)
                self._sync[model.key] = client
        return client

    def aget(self, model: ModelInfo) -> BaseChatModel:
        """Return the client of `model` for the running event loop."""
        if (handed_in := self.handed_in.get(model.key)) is not None:
            return cached_apart(handed_in, model, self._identity)
        self._heed_fork()
        loop = asyncio.get_running_loop()
        kept = self._by_loop.get(loop)
        client = kept.clients.get(model.key) if kept is not None else None
        if client is None:
            with self._lock:
                kept = self._by_loop.setdefault(loop, _LoopClients())
                client = self._build(model, http_async_client=kept.http_client(model.provider))
                kept.clients[model.key] = client
        return client

    def embeddings(self, model: ModelInfo) -> Embeddings:
        """Return what makes vectors with an embedding model of an OpenAI-compatible provider."""
        from langchain_openai import OpenAIEmbeddings

        provider = self.providers[model.provider]
        key = os.environ.get(provider.api_key_env) if provider.api_key_env else None
        return OpenAIEmbeddings(
            model=model.api_name,
            base_url=provider.base_url,
            api_key=SecretStr(key or "not-needed"),
            max_retries=0,
            check_embedding_ctx_length=False,
        )

    def decisions(self, model: ModelInfo, *, is_async: bool) -> BaseChatModel:
        """Return what puts multiple-choice questions to `model`, for a blocking call or for the running event loop."""
        from langchain_modelrouter.dispatch.decisions_client import build_decisions

        self._heed_fork()
        loop = asyncio.get_running_loop() if is_async else None
        with self._lock:
            kept = None if loop is None else self._by_loop.setdefault(loop, _LoopClients())
            clients = self._decisions if kept is None else kept.decisions
            if model.key not in clients:
                provider = self.providers[model.provider]
                clients[model.key] = build_decisions(
                    model,
                    provider,
                    self._key_of(provider),
                    connect_timeout_s=self.options.limits.connect_timeout_s,
                    timeout_s=self.options.timeout_s or provider.timeout_s,
                    http_client=self._sync_http(provider.key) if kept is None else None,
                    http_async_client=None if kept is None else kept.http_client(provider.key),
                )
            return clients[model.key]

    def succeeded_by(self, providers: Mapping[str, Provider], options: ClientOptions) -> "Clients":
        """Return the clients of a changed configuration; these finish the calls that they have."""
        return Clients(providers, self._given, options, identity=self._identity)

    def close(self) -> None:
        """Close the connections that blocking calls use, and ask each event loop to close its own."""
        with self._lock:
            self._sync.clear()
            self._decisions.clear()
            _close_all(self._http, self._by_loop, self._pid)

    def _heed_fork(self) -> None:
        if self._pid != os.getpid():
            self._reset()

    def _build(self, model: ModelInfo, *, http_async_client: Any) -> BaseChatModel:
        provider = self.providers[model.provider]
        options = self.options
        key = self._key_of(provider)
        timeout_s = options.timeout_s or provider.timeout_s
        if provider.kind != "openai":
            return _init_chat_model(model, provider, key, timeout_s, options)
        from langchain_modelrouter.dispatch.openai_client import build

        return build(
            model,
            provider,
            key,
            connect_timeout_s=options.limits.connect_timeout_s,
            timeout_s=timeout_s,
            http_client=self._sync_http(provider.key),
            http_async_client=http_async_client or _unused_async_client(),
            **options.constructor,
        )

    def _key_of(self, provider: Provider) -> str | None:
        return self.options.api_key or (os.environ.get(provider.api_key_env) if provider.api_key_env else None)

    def _sync_http(self, provider_key: str) -> Any:
        from langchain_modelrouter.dispatch.transport import sync_http_client

        if provider_key not in self._http:
            self._http[provider_key] = sync_http_client()
        return self._http[provider_key]


class _LoopClients:
    """The clients and connection pools of one event loop.

    Each pool lives in an async generator, since a loop that ends (`asyncio.run`) closes its async generators:
    so the pool is closed in time, by the loop it belongs to.
    """

    def __init__(self) -> None:
        self.clients: dict[str, BaseChatModel] = {}
        self.decisions: dict[str, BaseChatModel] = {}
        self._http: dict[str, Any] = {}
        self._lifetimes: list[AsyncGenerator[Any, None]] = []

    def http_client(self, provider_key: str) -> Any:
        from langchain_modelrouter.dispatch.transport import async_http_client

        if provider_key not in self._http:
            client = async_http_client()
            lifetime = _lifetime(client)
            _start(lifetime)
            self._http[provider_key] = client
            self._lifetimes.append(lifetime)
        return self._http[provider_key]

    def close_soon(self) -> None:
        loop = asyncio.get_running_loop()
        for lifetime in self._lifetimes:
            task = loop.create_task(lifetime.aclose())
            _closing.add(task)
            task.add_done_callback(_closing.discard)


_closing: set[asyncio.Task[None]] = set()


_ByLoop = WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopClients]


def _close_all(http: dict[str, Any], by_loop: _ByLoop, pid: int) -> None:
    """Close the pools of blocking calls and let each loop close its own; a forked child leaves its parent's alone."""
    if pid != os.getpid():
        return
    while http:
        http.popitem()[1].close()
    while by_loop:
        loop, kept = by_loop.popitem()
        if not loop.is_closed():
            loop.call_soon_threadsafe(kept.close_soon)


async def _lifetime(client: Any) -> AsyncGenerator[Any, None]:
    try:
        yield client
    finally:
        await client.aclose()


def _start(lifetime: AsyncGenerator[Any, None]) -> None:
    """Run the generator to its yield; it awaits nothing before, so no event loop is needed."""
    first = lifetime.__anext__()
    try:
        first.__await__().__next__()
    except StopIteration:
        return
    raise AssertionError("the generator awaited before its yield")


def _unused_async_client() -> Any:
    """Return a client that a blocking ChatOpenAI is built with, and never calls."""
    from langchain_modelrouter.dispatch.transport import async_http_client

    global _UNUSED
    if _UNUSED is None:
        _UNUSED = async_http_client()
    return _UNUSED


_UNUSED: Any = None


def _init_chat_model(
    model: ModelInfo, provider: Provider, key: str | None, timeout_s: float, options: ClientOptions
) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise InvalidOptionError(
            f"providers.{provider.key}.kind",
            f"{provider.kind!r} needs the package langchain; install langchain-modelrouter[agents]",
        ) from error
    extra: dict[str, Any] = {"timeout": timeout_s, "max_retries": 0, **options.constructor}
    if provider.base_url:
        extra["base_url"] = provider.base_url
    if key:
        extra["api_key"] = key
    try:
        client: BaseChatModel = init_chat_model(model.api_name, model_provider=provider.kind, **extra)
    except (ImportError, ValueError) as error:
        raise InvalidOptionError(
            f"providers.{provider.key}.kind", f"{provider.kind!r} cannot be built: {type(error).__name__}: {error}"
        ) from error
    return client
