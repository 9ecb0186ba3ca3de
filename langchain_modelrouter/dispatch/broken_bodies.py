"""Recognise the errors that a client library raises because the provider's answer is no answer.

ChatOpenAI meets null choices, a list for an object or a missing message with a plain TypeError, KeyError or the
like. Such an error is the provider's only where the code that reads answers raised it: a TypeError of anyone
else stays a bug. Observed on langchain-openai 1.7.3, openai 3.52 and langchain-core 1.7.2 (FAULTS 20-23).
"""

from collections.abc import Iterator

READING = {
    "langchain_openai.chat_models.base": frozenset(
        {
            "_convert_chunk_to_generation_chunk",
            "_convert_delta_to_message_chunk",
            "_convert_dict_to_message",
            "_create_chat_result",
            "_create_usage_metadata",
        }
    ),
    "langchain_core.language_models.chat_models": frozenset({"invoke", "ainvoke", "stream", "astream"}),
}
"""Module to the functions of it that read an answer."""

READING_MODULES = ("openai._streaming", "openai._response", "openai._legacy_response", "openai._models", "openai.lib.")
"""Prefixes of modules that do nothing but read answers."""

HELPERS = ("json", "codecs", "encodings", "pydantic", "langchain_core.messages", "langchain_core.load")
"""Prefixes of modules that work for whoever called them; with langchain_core's output parsers for tool calls."""

BUILTIN_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError)
NO_CHUNKS = "No generation chunks were returned"


def is_broken_body(error: BaseException) -> bool:
    """True where reading the provider's answer raised `error`, by the place that raised it."""
    if not isinstance(error, BUILTIN_ERRORS):
        return False
    module, function = _reader(error)
    if module == "langchain_core.language_models.chat_models":
        return function in READING[module] and (isinstance(error, IndexError) or str(error) == NO_CHUNKS)
    if function in ("_stream", "_astream") and isinstance(error, AttributeError):  # a chunk that is no object
        return module.startswith("langchain_openai.") and "'model_dump'" in str(error)
    return function in READING.get(module, ()) or module.startswith(READING_MODULES)


def error_payload(error: BaseException) -> object:
    """Return the error object that came with status 200, which ChatOpenAI raises as `ValueError(payload)`; or None."""
    if not isinstance(error, ValueError) or not error.args or _reader(error)[1] != "_create_chat_result":
        return None
    payload = error.args[0]
    return None if isinstance(payload, str) and payload.startswith("Unexpected response type") else payload


def _reader(error: BaseException) -> tuple[str, str]:
    """The module and function that raised, helpers left out; empty names where the traceback has none."""
    for module, function in reversed(list(_frames(error))):
        if not module.startswith((*HELPERS, "langchain_core.output_parsers.openai_tools")) and function[0] != "<":
            return module, function
    return "", ""


def _frames(error: BaseException) -> Iterator[tuple[str, str]]:
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        yield str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
        traceback = traceback.tb_next
