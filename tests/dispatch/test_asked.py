"""How a model is asked for a whole answer."""

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter import RouterChatModel
from tests.doors import by_ainvoke, by_invoke


class Shouting(FakeListChatModel):
    """A model of a user who has changed `invoke`."""

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        return AIMessage(super().invoke(input, config, **kwargs).text.upper())

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        return AIMessage((await super().ainvoke(input, config, **kwargs)).text.upper())


class Seen(BaseCallbackHandler):
    def __init__(self) -> None:
        self.starts: list[dict[str, Any]] = []

    def on_chat_model_start(self, _serialized: Any, messages: list[list[BaseMessage]], **kwargs: Any) -> None:
        self.starts.append({"texts": [one.text for one in messages[0]], **kwargs})


@pytest.mark.parametrize("door", [by_invoke, by_ainvoke])
async def test_an_invoke_that_a_user_changed_is_the_one_that_is_called(door: Any) -> None:
    router = RouterChatModel.from_models({"general": Shouting(responses=["yes"])})
    assert (await door(router, "Well?")).text == "YES"


@pytest.mark.parametrize("model", [FakeListChatModel, Shouting])
@pytest.mark.parametrize("door", [by_invoke, by_ainvoke])
async def test_a_model_is_asked_under_the_callers_config(door: Any, model: Any) -> None:
    seen = Seen()
    router = RouterChatModel.from_models({"general": model(responses=["yes"])})
    config: RunnableConfig = {"callbacks": [seen], "tags": ["mine"], "metadata": {"who": "me"}, "run_name": "outer"}
    await door(router, "Well?", config, stop=["."])
    (start,) = seen.starts
    assert start["texts"] == ["Well?"]
    assert "mine" in start["tags"]
    assert start["metadata"]["who"] == "me"
    assert start["parent_run_id"] is not None
    assert start["invocation_params"]["stop"] == ["."]
