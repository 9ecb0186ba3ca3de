"""Chat models that a caller hands in: called with the router's settings, and with cache entries of their own."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.rate_limiters import BaseRateLimiter

from langchain_modelrouter.catalog.model_info import ModelInfo

SAYS_NOTHING = {"abilities": "unknown"}
"""The tag of a model of whose abilities nothing is known: it may be asked for anything, and promises nothing."""


def with_settings(client: BaseChatModel, settings: Mapping[str, Any]) -> BaseChatModel:
    """Return the client with the router's `cache`, `output_version` and `rate_limiter` above its own.

    A limiter of the client stays in force beside the router's.
    """
    changes = {name: settings[name] for name in ("cache", "output_version") if name in settings}
    limiter = settings.get("rate_limiter")
    if limiter is not None:
        changes["rate_limiter"] = limiter if client.rate_limiter is None else _Both(limiter, client.rate_limiter)
    return client.model_copy(update=changes) if changes else client


def cached_apart(client: BaseChatModel, model: ModelInfo, identity: str) -> BaseChatModel:
    """Return the client, its cache entries under the name of its model: by itself it may say too little of what it is.

    Args:
        model: what the client stands for.
        identity: of the router, with which one that says too little shares its entries.
    """
    cache = get_llm_cache() if client.cache is None or client.cache is True else client.cache
    if cache is None or not isinstance(cache, BaseCache):  # mostly None, and to look at an abstract class takes longer
        return client
    owner = "" if client.is_lc_serializable() else identity
    return client.model_copy(update={"cache": _ScopedCache(cache, f"{model.provider}/{model.key}/{owner}:")})


def timeout_s(client: BaseChatModel, left_s: float) -> float | None:
    """Return what a call of the client should be told as its `timeout`; None where it takes none or has a shorter one.

    Where replies are cached nothing is told, because the number would become part of each key.
    """
    if not _takes_timeout(type(client)) or client.cache is not None or get_llm_cache() is not None:
        return None
    own = getattr(client, "request_timeout", None)
    return left_s if own is None or (isinstance(own, int | float) and own > left_s) else None


@cache
def _takes_timeout(cls: type[BaseChatModel]) -> bool:
    return any(base.__name__ == "BaseChatOpenAI" for base in cls.__mro__)


class _ScopedCache(BaseCache):
    """A cache whose entries stand under the name of one model of one router."""

    def __init__(self, cache: BaseCache, scope: str) -> None:
        self._cache, self._scope = cache, scope

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return self._cache.lookup(prompt, self._scope + llm_string)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        self._cache.update(prompt, self._scope + llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        self._cache.clear(**kwargs)

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return await self._cache.alookup(prompt, self._scope + llm_string)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        await self._cache.aupdate(prompt, self._scope + llm_string, return_val)


class _Both(BaseRateLimiter):
    """Two limiters in turn."""

    def __init__(self, first: BaseRateLimiter, second: BaseRateLimiter) -> None:
        self._first, self._second = first, second

    def acquire(self, *, blocking: bool = True) -> bool:
        return self._first.acquire(blocking=blocking) and self._second.acquire(blocking=blocking)

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return await self._first.aacquire(blocking=blocking) and await self._second.aacquire(blocking=blocking)
