"""The ChatOpenAI that we build."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import Provider
from langchain_modelrouter.dispatch.clients import ClientOptions, Clients
from langchain_modelrouter.dispatch.openai_client import build
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.testing import fault_server
from tests.factories import model_info

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def test_without_a_base_url_no_key_goes_to_the_sdks_default_host() -> None:
    with pytest.raises(InvalidOptionError, match=r"providers\.p\.base_url"):
        build(
            model_info(),
            Provider(key="p"),
            "key",
            connect_timeout_s=1,
            timeout_s=1,
            http_client=None,
            http_async_client=None,
        )


CONVERSATION = [
    SystemMessage("Be brief."),
    HumanMessage([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]),
    AIMessage("", tool_calls=[{"name": "look", "args": {"at": "it"}, "id": "call_1", "type": "tool_call"}]),
    ToolMessage("a dot", tool_call_id="call_1"),
]
TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}},
}


@pytest.mark.parametrize("options", [{}, {"extra_body": {"top_k": 3}}, {"tools": [TOOL], "temperature": 0.5}])
def test_what_is_sent_is_what_chat_openai_sends(options: dict[str, Any]) -> None:
    with fault_server() as (server, config):
        model = config.registry["sambanova-llama-8b"]
        provider = config.providers[model.provider]
        plain = ChatOpenAI(model=model.api_name, base_url=provider.base_url, api_key=SecretStr("k"), stream_usage=True)
        clients = Clients(config.providers, options=ClientOptions(api_key="k"))
        for client in (plain, clients.get(model)):
            client.invoke(CONVERSATION, **options)
            list(client.stream(CONVERSATION, **options))
        bodies = [record.body for record in server.requests]
        clients.close()
    assert bodies[:2] == bodies[2:]
    assert len(bodies[0]["messages"]) == len(CONVERSATION)
