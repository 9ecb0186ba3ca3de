"""Agents over ChatOpenAI and the simulator: their loops end, with what they were asked for."""

import httpx2
import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from langchain_modelrouter.simulator import Simulator


class Trip(BaseModel):
    """A trip that was planned."""

    city: str
    days: int


def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"It is sunny in {location}."


def get_hotels(city: str) -> str:
    """List hotels in a city."""
    return f"Three hotels in {city}."


@pytest.fixture
def model(server: Simulator, http: httpx2.Client) -> ChatOpenAI:
    return ChatOpenAI(
        model="org/small",
        base_url=server.url("two"),
        api_key=SecretStr("not-a-key"),
        max_retries=0,
        http_client=http,
        http_async_client=httpx2.AsyncClient(verify=False),
    )


def test_an_agent_calls_the_tool_it_needs_and_passes_its_answer_on(model: ChatOpenAI, server: Simulator) -> None:
    agent = create_agent(model, tools=[get_hotels, get_weather])
    messages = agent.invoke({"messages": [HumanMessage("What is the weather in Porto?")]})["messages"]
    assert [message.type for message in messages] == ["human", "ai", "tool", "ai"]
    assert "It is sunny in Porto." in messages[-1].text
    assert server.calls("two-small") == 2


@pytest.mark.parametrize("strategy", [ToolStrategy(Trip), ProviderStrategy(Trip)])
def test_an_agent_ends_with_a_structured_response(
    model: ChatOpenAI, server: Simulator, strategy: ToolStrategy[Trip] | ProviderStrategy[Trip]
) -> None:
    agent = create_agent(model, tools=[get_weather], response_format=strategy)
    asked = "I go to Porto for 4 days. What is the weather in Porto?"
    result = agent.invoke({"messages": [HumanMessage(asked)]})
    assert result["structured_response"] == Trip(city="Porto", days=4)
    assert server.calls("two-small") == 2
