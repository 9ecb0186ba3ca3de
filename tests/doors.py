"""What many tests share: the four doors of a chat model, and routers over scripted ones."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import Runnable

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.testing import ScriptedChatModel

Door = Callable[..., Awaitable[Any]]
"""Takes what `invoke` takes after the runnable itself, and gives the whole answer."""


async def by_invoke(model: Runnable[Any, Any], /, *args: Any, **kwargs: Any) -> Any:
    return model.invoke(*args, **kwargs)


async def by_ainvoke(model: Runnable[Any, Any], /, *args: Any, **kwargs: Any) -> Any:
    return await model.ainvoke(*args, **kwargs)


async def by_stream(model: Runnable[Any, Any], /, *args: Any, **kwargs: Any) -> Any:
    return whole(list(model.stream(*args, **kwargs)))


async def by_astream(model: Runnable[Any, Any], /, *args: Any, **kwargs: Any) -> Any:
    return whole([chunk async for chunk in model.astream(*args, **kwargs)])


DOORS: tuple[Door, ...] = (by_invoke, by_ainvoke, by_stream, by_astream)
STREAM_DOORS: tuple[Door, ...] = (by_stream, by_astream)


def whole(chunks: Sequence[Any]) -> Any:
    """Return the sum of a stream; of parsed values, which replace each other, the last."""
    assert chunks, "the stream is empty"
    if not isinstance(chunks[0], AIMessageChunk):
        return chunks[-1]
    return chunks[0] if len(chunks) == 1 else chunks[0].__add__(list(chunks[1:]))


def scripted(*replies: Any, name: str, **fields: Any) -> ScriptedChatModel:
    """Return a chat model that gives these replies, under a name and a provider of its own."""
    return ScriptedChatModel(list(replies), model_name=name, provider=f"{name}-provider", **fields)


def two_models(first: Any, second: Any = "second here", **fields: Any) -> tuple[ScriptedChatModel, ScriptedChatModel]:
    """Return two scripted models, `alpha` and `beta`, which give the same reply again and again."""
    alpha, beta = scripted(first, name="alpha", cyclic=True), scripted(second, name="beta", cyclic=True)
    return alpha.model_copy(update=fields), beta


def router_over(*models: ScriptedChatModel, **options: Any) -> RouterChatModel:
    """Return a router with one task, which tries the models in this order."""
    return RouterChatModel.from_models({"general": list(models)}, classifier=None, **options)


def record(message: BaseMessage) -> dict[str, Any]:
    """Return what the answer says about its routing."""
    said: dict[str, Any] = message.response_metadata["model_router"]
    return said


class Runs(BaseCallbackHandler):
    """Notes each run that it sees: chains and models, how they started and how they ended."""

    run_inline = True

    def __init__(self) -> None:
        self.models: dict[UUID, dict[str, Any]] = {}
        self.chains: dict[UUID, dict[str, Any]] = {}
        self.tokens: list[str] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.models[run_id] = {**kwargs, "messages": messages[0], "end": None}

    def on_llm_new_token(self, token: Any, **_kwargs: Any) -> None:
        self.tokens.append(token)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_kwargs: Any) -> None:
        self.models[run_id]["end"] = response.generations[0][0]

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        self.models[run_id]["end"] = error

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.chains[run_id] = {**kwargs, "end": None}

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_kwargs: Any) -> None:
        self.chains[run_id]["end"] = outputs

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_kwargs: Any) -> None:
        self.chains[run_id]["end"] = error

    @property
    def served_by(self) -> list[tuple[str, str]]:
        """Provider and name of each model run, in order."""
        metadata = [run["metadata"] for run in self.models.values()]
        return [(one["ls_provider"], one["ls_model_name"]) for one in metadata]

    @property
    def router(self) -> dict[str, Any]:
        """The one run of the router itself."""
        (run,) = [run for run in self.chains.values() if run.get("name") == "RouterChatModel"]
        return run


def text_of(answer: AIMessage) -> str:
    """Return the text of an answer."""
    return str(answer.text)
