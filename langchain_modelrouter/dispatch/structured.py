"""Structured output, deferred: the schema travels with the call and fits the model that is chosen."""

import json
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import RunnableBinding, RunnableSequence
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.json import parse_json_markdown, parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, TypeAdapter, ValidationError

from langchain_modelrouter.errors import InvalidOptionError

Method = Literal["json_schema", "function_calling", "json_mode"]
METHODS: tuple[Method, ...] = get_args(Method)
NEEDS: dict[Method, str | None] = {"json_schema": "json_schema", "function_calling": "tools", "json_mode": None}
"""The capability that each method asks of a model."""


@dataclass(frozen=True, slots=True)
class StructuredOutput:
    """A schema that the answer must follow, and how the model is told."""

    schema: Any
    method: Method
    strict: bool | None = None

    def bind(self, client: BaseChatModel) -> dict[str, Any]:
        """Return the keywords with which `client` itself asks for this schema."""
        options: dict[str, Any] = {"method": self.method}
        if self.strict is not None:
            options["strict"] = self.strict
        bound: Any = client.with_structured_output(self.schema, **options)
        if isinstance(bound, RunnableSequence):
            bound = bound.first
        if not isinstance(bound, RunnableBinding):
            return {"response_format": self._response_format()}
        return dict(bound.kwargs)

    def _response_format(self) -> dict[str, Any]:
        if self.method == "json_mode":
            return {"type": "json_object"}
        schema = convert_to_json_schema(self.schema)
        return {
            "type": "json_schema",
            "json_schema": {"name": schema.get("title", "answer"), "schema": schema, "strict": self.strict},
        }


def checked_method(method: str) -> Method:
    """Return `method`, checked.

    Raises:
        InvalidOptionError: there is no such method.
    """
    if method not in METHODS:
        raise InvalidOptionError("method", f"{method!r} is not a method of structured output; use {', '.join(METHODS)}")
    return method


class StructuredOutputParser(BaseCumulativeTransformOutputParser[Any]):
    """Reads the structured answer of any provider: the arguments of its tool call, or JSON in its text.

    A pydantic schema gives a validated instance, a TypedDict or JSON schema gives a dict.
    """

    schema_: Any = None

    def parse(self, text: str) -> Any:
        """Return what `text` says; see `parse_result`."""
        return self.parse_result([ChatGeneration(message=AIMessage(text))])

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Return the answer as the schema has it; a partial one may be None or incomplete.

        Raises:
            OutputParserException: the answer is a refusal, is not JSON, or does not fit the schema.
        """
        message = cast(ChatGeneration, result[0]).message
        if refusal := message.additional_kwargs.get("refusal"):
            raise OutputParserException(f"the model refused: {refusal}")
        try:
            value = _value(cast(AIMessage, message), partial=partial)
            return value if value is None else self._fitted(value, partial=partial)
        except (ValueError, ValidationError) as error:
            if partial:
                return None
            raise OutputParserException(
                f"the answer does not fit the schema: {error}", llm_output=message.text
            ) from error

    def _fitted(self, value: Any, *, partial: bool) -> Any:
        schema = self.schema_
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            if isinstance(value, schema):
                return value
            # Schemas of pydantic 1 have the older name.
            validate = schema.model_validate if issubclass(schema, BaseModel) else cast(Any, schema).parse_obj
            return validate(value)
        if not partial and isinstance(schema, type):
            TypeAdapter(schema).validate_python(value)
        return value.model_dump() if isinstance(value, BaseModel) else value


def _value(message: AIMessage, *, partial: bool) -> Any:
    if message.tool_calls:
        return message.tool_calls[0]["args"]
    if message.invalid_tool_calls and not partial:
        raise ValueError(f"the arguments are not JSON: {message.invalid_tool_calls[0]['error']}")
    text = message.text
    if partial and isinstance(message, AIMessageChunk):
        return parse_partial_json(text) if text.strip() else None
    return json.loads(text) if text.lstrip().startswith(("{", "[")) else parse_json_markdown(text)
