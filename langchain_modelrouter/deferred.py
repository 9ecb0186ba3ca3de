"""Tools and schemas, deferred: they travel with the call and are bound by the model that is chosen for it."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnablePassthrough
from langchain_core.tools import BaseTool

from langchain_modelrouter.dispatch.fit import STRUCTURED
from langchain_modelrouter.dispatch.structured import Method, StructuredOutput, StructuredOutputParser, checked_method
from langchain_modelrouter.entry_points import EntryPoints
from langchain_modelrouter.errors import UnknownOptionError


class DeferredBinding(EntryPoints):
    """A chat model that leaves it to another model, known only when called, how tools and schemas are told."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this router with tools; they are bound, call by call, by the model that is chosen."""
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=list(tools), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        method: str | None = None,
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a runnable that answers in `schema`; how the model is told is left to the model that is chosen.

        Args:
            schema: a pydantic class, a TypedDict, or a JSON schema.
            method: `json_schema`, `function_calling` or `json_mode`; by default the first that all models of the
                preset can do.
            include_raw: return `{"raw", "parsed", "parsing_error"}` instead of the parsed answer.
            strict: demand strict adherence where the provider has that.

        Raises:
            InvalidOptionError: there is no such method.
            UnknownOptionError: a keyword is not known.
        """
        for name in kwargs:
            raise UnknownOptionError(name, ["method", "include_raw", "strict"])
        chosen = checked_method(method) if method is not None else self._default_method()
        model = self.bind(**{STRUCTURED: StructuredOutput(schema, chosen, strict)})
        parser = StructuredOutputParser(schema_=schema)
        if not include_raw:
            return model | parser
        parsed = RunnablePassthrough.assign(
            parsed=lambda value: parser.invoke(value["raw"]), parsing_error=lambda _: None
        )
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return {"raw": model} | parsed.with_fallbacks([failed], exception_key="parsing_error")

    @abstractmethod
    def _default_method(self) -> Method:
        """Return the method of structured output where the caller names none."""
