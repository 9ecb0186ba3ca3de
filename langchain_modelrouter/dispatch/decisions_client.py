"""OpenAI's Decisions API as a chat model, so that a question to it is booked as any other model run.

Imported only when one is built.
"""

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.exceptions import ModelNotFoundError, ModelPermissionDeniedError
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_openai.decisions import Choice, DecisionRequest, DecisionResponse, OpenAIDecisions
from langsmith import tracing_context
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.dispatch.openai_client import NO_KEY
from langchain_modelrouter.dispatch.transport import http_library
from langchain_modelrouter.errors import InvalidOptionError

QUESTION = "task"
"""The name of the one question that is put."""
_UNTRACED = RunnableConfig(callbacks=[])


class DecisionsChatModel(BaseChatModel):
    """Chooses among words: the text of the answer is the choice, and its metadata holds the `probabilities`.

    The run of the API's own client is not traced beneath this one, or its tokens would count twice.
    """

    decisions: OpenAIDecisions
    ls_provider: str = "openai"

    @property
    def _llm_type(self) -> str:
        return "openai-decisions"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"], params["ls_model_name"] = self.ls_provider, self.decisions.model
        return params

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **question: Any,
    ) -> ChatResult:
        try:
            with tracing_context(parent=False, enabled=False):
                return _result(self.decisions.invoke(_request(messages, **question), _UNTRACED))
        except (ModelNotFoundError, ModelPermissionDeniedError) as error:
            raise _no_decisions(self.decisions) from error

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **question: Any,
    ) -> ChatResult:
        try:
            with tracing_context(parent=False, enabled=False):
                return _result(await self.decisions.ainvoke(_request(messages, **question), _UNTRACED))
        except (ModelNotFoundError, ModelPermissionDeniedError) as error:
            raise _no_decisions(self.decisions) from error


def build_decisions(
    model: ModelInfo,
    provider: Provider,
    key: str | None,
    *,
    connect_timeout_s: float,
    timeout_s: float,
    http_client: Any = None,
    http_async_client: Any = None,
) -> DecisionsChatModel:
    """Return a client over shared connections for blocking calls or for one event loop, which does not retry."""
    decisions = OpenAIDecisions(
        model=model.api_name,
        base_url=provider.base_url,
        api_key=SecretStr((key or "").strip() or NO_KEY),
        max_retries=0,
        timeout=http_library().Timeout(timeout_s, connect=connect_timeout_s),
        default_headers=dict(provider.headers) or None,
        http_client=http_client,
        http_async_client=http_async_client,
    )
    return DecisionsChatModel(decisions=decisions, ls_provider=provider.key, cache=False)


def _request(messages: list[BaseMessage], *, instructions: str, choices: Mapping[str, str]) -> DecisionRequest:
    choice = Choice(instructions=instructions, choices={word: about or None for word, about in choices.items()})
    return {"input": messages[-1].text, "questions": {QUESTION: choice}}


def _result(response: DecisionResponse) -> ChatResult:
    usage, message = response.usage, AIMessage("", response_metadata={"model_name": response.model})
    if (answer := response.choices.get(QUESTION)) is not None:
        message.content = str(answer.choice)
        message.response_metadata["probabilities"] = {str(word): share for word, share in answer.probabilities.items()}
    elif QUESTION in response.refusals:
        message.additional_kwargs["refusal"] = "the question was declined"
    if usage.input_tokens is not None:
        output_tokens = usage.output_tokens or 0
        message.usage_metadata = {
            "input_tokens": usage.input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": usage.input_tokens + output_tokens,
        }
    return ChatResult(generations=[ChatGeneration(message=message)])


def _no_decisions(decisions: OpenAIDecisions) -> InvalidOptionError:
    """Return the error of a model that takes no questions here, which says nothing of its chat or of the key."""
    return InvalidOptionError("routing.classifier_model", f"{decisions.model} has no /decisions at its provider")
