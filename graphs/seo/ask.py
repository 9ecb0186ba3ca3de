"""One question to a model, answered by a value of a schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from langchain_core.exceptions import ModelError, OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from openai import OpenAIError
from pydantic import ValidationError
from typing_extensions import TypedDict

from graphs.seo.page_error import one_line
from graphs.seo.schemas import Answer

AnswerT = TypeVar("AnswerT", bound=Answer)

_MODEL_FAILED = (ModelError, OpenAIError, TimeoutError, ConnectionError)
_NOT_THE_SCHEMA = (OutputParserException, ValidationError)


class CallRecord(TypedDict):
    """What the router says about one call, as the cost table needs it."""

    task: str
    model: str | None
    preset: str | None
    simulated: bool
    attempts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answered(Generic[AnswerT]):
    """The value, or None and why there is none; and all calls made for it."""

    value: AnswerT | None
    error: str
    calls: list[CallRecord]


async def ask(
    model: BaseChatModel, prompt: Sequence[BaseMessage], schema: type[AnswerT], *, task: str
) -> Answered[AnswerT]:
    """Ask once, and once more with the faults named where the answer does not fit the schema.

    Errors that a model or provider causes are reported in the result; bugs pass.
    """
    structured = model.with_structured_output(schema, method="json_schema", include_raw=True)
    messages, calls, fault = list(prompt), [], ""
    for _ in range(2):
        try:
            reply = cast("dict[str, Any]", await structured.ainvoke(messages))
        except _NOT_THE_SCHEMA as error:
            raw, parsed, fault = AIMessage(""), None, _faults(error)
        except _MODEL_FAILED as error:
            calls.append(_record(task, {"attempts": list(getattr(error, "attempts", []))}, simulated=False))
            return Answered(None, one_line(f"no model answered: {error}"), calls)
        else:
            raw, parsed = reply["raw"], reply["parsed"]
            calls.append(call_record(task, raw))
            if isinstance(parsed, schema):
                return Answered(parsed, "", calls)
            fault = _faults(reply["parsing_error"])
        messages = [
            *prompt,
            AIMessage(raw.text or "(no text)"),
            HumanMessage(f"That does not fit the schema: {fault}. Answer again with JSON that fits it."),
        ]
    return Answered(None, one_line(f"the model's answer does not fit the schema, twice: {fault}"), calls)


def call_record(task: str, raw: AIMessage) -> CallRecord:
    """Return what is kept of one reply."""
    routed = raw.response_metadata.get("model_router", {})
    # The simulator's answers carry this fingerprint.
    return _record(task, routed, simulated=raw.response_metadata.get("system_fingerprint") == "simulated")


def _record(task: str, routed: dict[str, Any], *, simulated: bool) -> CallRecord:
    return CallRecord(
        task=task,
        model=routed.get("model"),
        preset=routed.get("preset"),
        simulated=simulated,
        attempts=[dict(attempt) for attempt in routed.get("attempts", [])],
    )


def _faults(error: BaseException | None) -> str:
    """Return what does not fit, without the answer's own text."""
    cause = error.__cause__ if isinstance(error, OutputParserException) else error
    if isinstance(cause, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the answer'}: {fault['msg']}"
            for fault in cause.errors(include_input=False, include_url=False)[:8]
        )
    return "it is not valid JSON"
