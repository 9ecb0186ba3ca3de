"""The ChatOpenAI that we build: it says which provider serves it. Imported only when one is built."""

from typing import Any

from langchain_core.language_models import LangSmithParams
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.dispatch.transport import http_library

NO_KEY = "not-needed"
"""Sent to providers that take no key, since the SDK insists on one."""


class ProviderChatOpenAI(ChatOpenAI):
    """ChatOpenAI under the name of the provider that serves it, so that no cost table takes it for OpenAI."""

    ls_provider: str = "openai"

    @classmethod
    def lc_id(cls) -> list[str]:
        """Be serialized as what it is but for its name."""
        return [*cls.get_lc_namespace(), "ChatOpenAI"]

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Be traced under the name that users know."""
        return super().get_name(suffix, name=name or self.name or "ChatOpenAI")

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = self.ls_provider
        return params


def build(
    model: ModelInfo,
    provider: Provider,
    key: str | None,
    *,
    connect_timeout_s: float,
    timeout_s: float,
    http_client: Any,
    http_async_client: Any,
    **options: Any,
) -> ProviderChatOpenAI:
    """Return a client of one model over shared connections, which does not retry by itself."""
    timeout = http_library().Timeout(timeout_s, connect=connect_timeout_s)
    return ProviderChatOpenAI(
        model=model.api_name,
        base_url=provider.base_url,
        api_key=SecretStr(key or NO_KEY),
        max_retries=0,
        stream_usage=True,
        timeout=timeout,
        default_headers=dict(provider.headers) or None,
        http_client=http_client,
        http_async_client=http_async_client,
        ls_provider=provider.key,
        **options,
    )
