"""LangChain's own integration suite, with ChatOpenAI talking to the simulator: it proves the wire format."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import httpx2
import pytest
import pytest_asyncio
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import fault_server


@pytest.fixture(scope="class")
def server() -> Iterator[Simulator]:
    with fault_server() as (server, _):
        yield server


# What ChatOpenAI itself warns of when it returns what it has parsed, and for schemas of pydantic 1.
@pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning")
@pytest.mark.filterwarnings("ignore:Received a Pydantic BaseModel V1 schema:UserWarning")
# The mark sets the loop of the async tests; on the others it does nothing, and pytest-asyncio says so.
@pytest.mark.filterwarnings("ignore:The test .* is marked with:pytest.PytestWarning")
@pytest.mark.asyncio(loop_scope="class")
class TestChatOpenAIOnTheSimulator(ChatModelIntegrationTests):
    params: ClassVar[dict[str, Any]] = {}

    @pytest_asyncio.fixture(scope="class", loop_scope="class", autouse=True)
    @classmethod
    async def _clients(cls, server: Simulator) -> AsyncIterator[None]:
        async with httpx2.AsyncClient() as http_async_client:
            with httpx2.Client() as http_client:
                cls.params.update(
                    base_url=server.url("sambanova"),
                    http_client=http_client,
                    http_async_client=http_async_client,
                )
                yield

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        model = {"model": "Meta-Llama-3.3-70B-Instruct", "api_key": "not-a-key", "max_retries": 0}
        return {**model, "stream_usage": True, **self.params}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return False

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "Qwen3-32B"

    def test_the_answers_say_that_they_are_simulated(self, model: BaseChatModel) -> None:
        assert model.invoke("hi").response_metadata["system_fingerprint"] == "simulated"
