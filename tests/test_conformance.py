"""LangChain's own suites, over plain ChatOpenAI as the yardstick and over a router of two providers.

All speak to the simulator over HTTP on loopback. Passing proves that a router takes every input and gives every shape
of output that a chat model of LangChain takes and gives: messages, streams, events, tools, schemas, usage. It does not
prove that anything was understood: the simulator answers with shapes, not with sense, and the suites' pictures,
recordings and documents are a few bytes that nobody looks at. The flags say what plain ChatOpenAI passes here; the
router passes the same cases, without an xfail. Two cases are skipped: one asks for recorded traffic, as it does for
ChatOpenAI, and a router is not made from its serialized form, since it holds no keys and follows a file.
"""

from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx2
import langchain_tests.integration_tests.chat_models as suite
import pytest
import pytest_asyncio
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import fault_server

pytestmark = [
    # What ChatOpenAI itself warns of when it returns what it has parsed, and for schemas of pydantic 1.
    pytest.mark.filterwarnings("ignore:(?s)Pydantic serializer warnings:UserWarning"),
    pytest.mark.filterwarnings("ignore:Received a Pydantic BaseModel V1 schema:UserWarning"),
    # The suite asks for an address to send to the site whose recording it would fetch; nothing is fetched.
    pytest.mark.filterwarnings("ignore:LANGCHAIN_TESTS_USER_AGENT:UserWarning"),
    # What ChatOpenAI says of documents without a name.
    pytest.mark.filterwarnings("ignore:OpenAI may require a filename:UserWarning"),
    # The mark sets the loop of the async tests; on the others it does nothing, and pytest-asyncio says so.
    pytest.mark.filterwarnings("ignore:The test .* is marked with:pytest.PytestWarning"),
]

TWO_PROVIDERS = {
    "preset": "both",
    "presets": {"both": {"default": ["sambanova-llama-17b", "nebius-llama-8b"]}},
    "models": {"sambanova-llama-17b": {"capabilities": ["tools", "json_schema", "images", "audio", "files"]}},
    "retry": {"backoff_base_s": 0},
}


@pytest.fixture(scope="class")
def server() -> Iterator[tuple[Simulator, RouterConfig]]:
    with fault_server(RouterConfig.model_validate(TWO_PROVIDERS)) as (simulator, config):
        yield simulator, config


@pytest.fixture(autouse=True)
def _nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(content=b"a few bytes")
    monkeypatch.setattr(suite, "httpx", SimpleNamespace(get=lambda *args, **kwargs: answer))


class Flags:
    """What plain ChatOpenAI passes on the simulator."""

    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_image_tool_message = True
    supports_pdf_inputs = True
    supports_pdf_tool_message = True
    supports_audio_inputs = True
    supports_anthropic_inputs = True
    supports_model_override = True


class Plain:
    """ChatOpenAI as it comes."""

    params: ClassVar[dict[str, Any]] = {}
    model_override_value = "Qwen3-32B"
    chat_model_class = ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "Llama-4-Maverick-17B-128E-Instruct", "api_key": "none", "stream_usage": True, **self.params}

    @pytest_asyncio.fixture(scope="class", loop_scope="class", autouse=True)
    @classmethod
    async def _clients(cls, server: tuple[Simulator, RouterConfig]) -> AsyncIterator[None]:
        async with httpx2.AsyncClient() as for_async:
            with httpx2.Client() as for_sync:
                url = server[0].url("sambanova")
                cls.params = {"base_url": url, "http_client": for_sync, "http_async_client": for_async}
                yield


class Routed:
    """A router over two providers."""

    config: ClassVar[RouterConfig]
    model_override_value = "Qwen3-32B"
    chat_model_class = RouterChatModel

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _config(cls, server: tuple[Simulator, RouterConfig]) -> None:
        cls.config = server[1]

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"config": self.config}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        # Without the key: the configuration has two providers, and a key never goes to another one's host.
        return {"temperature": 0, "max_tokens": 100, "timeout": 60, "stop": [], "max_retries": 2}


@pytest.mark.asyncio(loop_scope="class")
class TestPlainChatOpenAI(Plain, Flags, ChatModelIntegrationTests):
    pass


@pytest.mark.asyncio(loop_scope="class")
class TestRouter(Routed, Flags, ChatModelIntegrationTests):
    def test_the_first_of_both_answers(self, model: BaseChatModel) -> None:
        said = model.invoke("hi").response_metadata
        assert said["system_fingerprint"] == "simulated"
        assert said["model_router"]["provider"] == "sambanova"


@pytest.mark.asyncio(loop_scope="class")
class TestRouterAfterAFallback(Routed, Flags, ChatModelIntegrationTests):
    """All of it once more, with the first model's provider down."""

    # The second model takes text alone, and nobody may ask a model that is down.
    supports_image_inputs = supports_image_tool_message = supports_pdf_inputs = False
    supports_pdf_tool_message = supports_audio_inputs = supports_model_override = False
    # These cases count one model run per call, and an attempt that fails is a run of its own.
    has_structured_output = False

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _first_is_down(cls, server: tuple[Simulator, RouterConfig], _config: None) -> None:
        server[0].fault("sambanova", "server_error")


@pytest.mark.asyncio(loop_scope="class")
class TestRouterUnit(Routed, Flags, ChatModelUnitTests):
    pass
