import math
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.simulator import Simulator

Ask = Callable[..., httpx2.Response]


def registry() -> ModelRegistry:
    """Two providers; `one` has limits, and its models a speed."""
    return ModelRegistry(
        {
            "one-small": ModelInfo(
                key="one-small", provider="one", api_name="org/small", tokens_per_s=100, ttft_s=0.5, context_window=1000
            ),
            "one-large": ModelInfo(key="one-large", provider="one", api_name="large", max_output_tokens=10),
            "two-small": ModelInfo(key="two-small", provider="two", api_name="org/small"),
        },
        {
            "one": Provider(key="one", requests_per_minute=60, tokens_per_minute=1000),
            "two": Provider(key="two"),
        },
    )


@pytest.fixture
def server() -> Iterator[Simulator]:
    with Simulator(registry(), speed=math.inf) as server:
        yield server


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=5, verify=False) as http:
        yield http


@pytest.fixture
def ask(server: Simulator, http: httpx2.Client) -> Ask:
    """Return a function that posts a chat completion to provider `one` and gives the response."""

    def ask(prompt: Any = "Tell me about rivers and lakes.", *, model: str = "org/small", **fields: Any) -> Any:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        body = {"model": model, "messages": messages, **fields}
        return http.post(f"{server.url('one')}/chat/completions", json=body)

    return ask
