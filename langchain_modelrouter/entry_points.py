"""Every other entry point of a chat model, in terms of the four doors `invoke`, `ainvoke`, `stream`, `astream`.

`generate`, `generate_prompt` and their twins, `_generate`, v3 events: none of them opens an LLM run of its own, so
that each attempt stays one run and its usage is counted once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models._compat_bridge import achunks_to_events, chunks_to_events
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import RunnableConfig


class EntryPoints(BaseChatModel):
    """A chat model whose work is done by `invoke`, `ainvoke`, `stream` and `astream`."""

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return one generation for each list of messages; raises as `invoke`."""
        config = _config(callbacks, tags, metadata, run_name, run_id)
        return _llm_result([self.invoke(one, config, stop=stop, **kwargs) for one in messages])

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return one generation for each list of messages, asked concurrently; raises as `ainvoke`."""
        config = _config(callbacks, tags, metadata, run_name, run_id)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(one, config, stop, kwargs)) for one in messages]
        answers = [task.result() for task in tasks]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return _llm_result([answer for answer in answers if isinstance(answer, AIMessage)])

    async def _one(
        self, messages: list[BaseMessage], config: RunnableConfig, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> AIMessage | Exception:
        try:
            return await self.ainvoke(messages, config, stop=stop, **kwargs)
        except Exception as error:  # noqa: BLE001  raised by `agenerate`, outside the task group that would wrap it
            return error

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.invoke(messages, stop=stop, **kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=await self.ainvoke(messages, stop=stop, **kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        return _generations(self.stream(messages, stop=stop, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in self.astream(messages, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)

    def _chat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> ChatModelStream:
        return _event_stream(lambda: self.stream(input, config, stop=stop, **kwargs))

    async def _achat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncChatModelStream:
        return _async_event_stream(lambda: self.astream(input, config, stop=stop, **kwargs))


def _config(callbacks: Callbacks, tags: Any, metadata: Any, run_name: Any, run_id: Any) -> RunnableConfig:
    given = {"callbacks": callbacks, "tags": tags, "metadata": metadata, "run_name": run_name, "run_id": run_id}
    return {name: value for name, value in given.items() if value is not None}  # type: ignore[return-value]


def _llm_result(answers: Sequence[AIMessage]) -> LLMResult:
    """Return the answers as LangChain's result, with usage and name in `llm_output` as ChatOpenAI gives them."""
    usage: UsageMetadata | None = None
    for answer in answers:
        if answer.usage_metadata is not None and "input_tokens" in answer.usage_metadata:
            usage = add_usage(usage, answer.usage_metadata)
    output: dict[str, Any] = {"model_name": answers[-1].response_metadata.get("model_name")} if answers else {}
    if usage is not None:
        output["token_usage"] = {
            "prompt_tokens": usage["input_tokens"],
            "completion_tokens": usage["output_tokens"],
            "total_tokens": usage["total_tokens"],
        }
    return LLMResult(generations=[[ChatGeneration(message=answer)] for answer in answers], llm_output=output)


def _generations(chunks: Iterator[AIMessageChunk]) -> Iterator[ChatGenerationChunk]:
    for chunk in chunks:
        yield ChatGenerationChunk(message=chunk)


def _event_stream(open_chunks: Callable[[], Iterator[AIMessageChunk]]) -> ChatModelStream:
    """Return the v3 events of a stream of chunks, which is opened at the first read."""
    stream = ChatModelStream()
    events: Iterator[Any] | None = None

    def start() -> None:
        nonlocal events
        if events is None:
            events = iter(chunks_to_events(_generations(open_chunks())))

    def pump() -> bool:
        start()
        assert events is not None
        try:
            stream.dispatch(next(events))
        except StopIteration:
            return False
        except BaseException as error:  # noqa: BLE001  the stream raises it to whoever reads it
            stream.fail(error)
            return False
        return True

    stream.set_start(start)
    stream.bind_pump(pump)
    return stream


def _async_event_stream(open_chunks: Callable[[], AsyncIterator[AIMessageChunk]]) -> AsyncChatModelStream:
    """Return the v3 events of a stream of chunks, which is opened at the first read."""
    stream = AsyncChatModelStream()

    async def generations() -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in open_chunks():
            yield ChatGenerationChunk(message=chunk)

    async def produce() -> None:
        try:
            async for event in achunks_to_events(generations()):
                stream.dispatch(event)
        except asyncio.CancelledError as error:
            stream.fail(error)
            raise
        except BaseException as error:  # noqa: BLE001  the stream raises it to whoever reads it
            stream.fail(error)

    async def start() -> None:
        if stream._producer_task is None:
            stream._producer_task = asyncio.get_running_loop().create_task(produce())

    stream.set_start(start)
    return stream
