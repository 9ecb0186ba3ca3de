"""Ask a chat model, whole answers: by `generate` where its `invoke` would do just that, after some detours."""

from functools import cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter.dispatch.attempt import OpenAttempt
from langchain_modelrouter.errors import BadAnswerError


def asked(attempt: OpenAttempt, config: RunnableConfig) -> BaseMessage:
    """Return the answer of the attempt's model. Raises what it raises."""
    client = attempt.client
    if not _only_generates(type(client)):
        return client.invoke(attempt.prompt, config, stop=attempt.stop, **attempt.kwargs)
    return _answer(client.generate([list(attempt.messages)], attempt.stop, **_run_of(config), **attempt.kwargs))


async def aasked(attempt: OpenAttempt, config: RunnableConfig) -> BaseMessage:
    """Return the answer of the attempt's model. Raises what it raises."""
    client = attempt.client
    if not _only_generates(type(client)):
        return await client.ainvoke(attempt.prompt, config, stop=attempt.stop, **attempt.kwargs)
    return _answer(await client.agenerate([list(attempt.messages)], attempt.stop, **_run_of(config), **attempt.kwargs))


_OF_RUN = frozenset({"callbacks", "tags", "metadata", "run_name", "run_id"})


@cache
def _only_generates(cls: type[BaseChatModel]) -> bool:
    """Return whether a class answers as langchain-core's own does, which reads the config and calls `generate`."""
    return all(
        getattr(cls, name) is getattr(BaseChatModel, name)
        for name in ("invoke", "ainvoke", "generate_prompt", "agenerate_prompt")
    )


def _run_of(config: RunnableConfig) -> dict[str, Any]:
    """Return what `invoke` hands on of a config."""
    given: Any = config
    of_run: dict[str, Any] = {}
    for name in given.keys() & _OF_RUN:
        of_run[name] = given[name]
    return of_run


def _answer(result: LLMResult) -> BaseMessage:
    if not result.generations[0]:
        raise BadAnswerError("malformed", "the answer has no choices")
    return result.generations[0][0].message  # type: ignore[union-attr]  # a chat model's generations have one
