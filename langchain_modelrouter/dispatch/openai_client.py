"""The ChatOpenAI that we build: it says which provider serves it. Imported only when one is built."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models import LangSmithParams
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.dispatch.plain_completions import AsyncPlainCompletions, PlainCompletions
from langchain_modelrouter.dispatch.transport import http_library
from langchain_modelrouter.errors import InvalidOptionError

NO_KEY = "not-needed"
"""Sent to providers that take no key, since the SDK insists on one."""

OPENAI_HOST = "api.openai.com"
"""Elsewhere the Responses API is seldom spoken, and ChatOpenAI would choose it by the model's name alone."""


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

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        if isinstance(response, str):
            response = _despite_its_type(response)
        if isinstance(response, Mapping):
            response = _with_nulls(response)
        result = super()._create_chat_result(response, generation_info)
        for generation, choice in zip(result.generations, _part(response, "choices"), strict=False):
            generation.message.additional_kwargs.setdefault("refusal", None)
            _keep_what_is_said(generation.message, _part(choice, "message"))
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        converted = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or (chunk.get("chunk") or {}).get("choices")
        if converted is not None and choices:
            _keep_what_is_said(converted.message, choices[0]["delta"])
        return converted


def _despite_its_type(text: str) -> Any:
    """Return the JSON of an answer that the server called text, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _with_nulls(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with null for what a provider left out, as the SDK's object of it has."""
    whole = {"system_fingerprint": None, **response}
    if isinstance(usage := whole.get("usage"), Mapping):
        whole["usage"] = {"completion_tokens_details": None, "prompt_tokens_details": None, **usage}
    if isinstance(choices := whole.get("choices"), list):
        whole["choices"] = [
            {"logprobs": None, **choice} if isinstance(choice, Mapping) else choice for choice in choices
        ]
    return whole


def _keep_what_is_said(message: BaseMessage, said: Any) -> None:
    """Keep a refusal and the reasoning of models that show it, which ChatOpenAI drops (a refusal in streams only).

    An answer of nothing else would look empty. Reasoning is kept under the name that DeepSeek and vLLM gave it.
    """
    refusal, reasoning = _part(said, "refusal"), _part(said, "reasoning_content") or _part(said, "reasoning")
    if isinstance(refusal, str) and refusal:
        message.additional_kwargs["refusal"] = refusal
    if isinstance(reasoning, str) and reasoning:
        message.additional_kwargs["reasoning_content"] = reasoning


def _part(whole: Any, name: str) -> Any:
    return whole.get(name) if isinstance(whole, Mapping) else getattr(whole, name, None)


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
    """Return a client of one model over shared connections, which does not retry by itself.

    Raises:
        InvalidOptionError: the provider has no `base_url`; the SDK's default would send its key to another host.
    """
    if not provider.base_url:
        raise InvalidOptionError(
            f"providers.{provider.key}.base_url",
            "kind `openai` needs it, or the key would go to the SDK's default host",
        )
    timeout = http_library().Timeout(timeout_s, connect=connect_timeout_s)
    if provider.base_url and urlsplit(provider.base_url).hostname != OPENAI_HOST:
        options.setdefault("use_responses_api", False)
    client = ProviderChatOpenAI(
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
    client.client = PlainCompletions(client.root_client)
    client.async_client = AsyncPlainCompletions(client.root_async_client)
    return client
