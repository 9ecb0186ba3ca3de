import asyncio
import json
import ssl
from datetime import UTC, datetime
from typing import Any

import httpx
import httpx2
import openai
import pytest
from langchain_core import exceptions as langchain_errors
from langchain_openai.chat_models import base as langchain_openai_base
from langgraph.errors import GraphBubbleUp

from langchain_modelrouter.dispatch.failures import KINDS, TABLE, classify, short
from langchain_modelrouter.errors import (
    AllModelsFailedError,
    BadAnswerError,
    BudgetExceededError,
    DeadlineExceededError,
    FirstTokenTimeoutError,
    NoEligibleModelError,
    StreamInterruptedError,
)

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def status_error(status: int, body: object = None, **headers: str) -> openai.APIStatusError:
    """The error that openai's SDK makes of a response; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, request=REQUEST, headers=named)
    inner = body.get("error", body) if isinstance(body, dict) else body
    return openai.OpenAI(api_key="none")._make_status_error("the SDK's words", body=inner, response=response)


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def coded(code: str) -> dict[str, Any]:
    return said("no", code=code)


def stream_error(body: object) -> openai.APIError:
    """The error of an SSE `error` event: it has no status."""
    return openai.APIError("boom", REQUEST, body=body)


def wrapped(name: str, error: openai.APIStatusError) -> Exception:
    """The error that langchain-openai makes of the SDK's."""
    cls = getattr(langchain_openai_base, name)
    made: Exception = cls(message=error.message, response=error.response, body=error.body)
    made.__cause__ = error
    return made


def connection_error(cause: BaseException) -> openai.APIConnectionError:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    return error


def foreign(module: str, name: str, bases: tuple[type, ...] = (Exception,), **facts: object) -> Exception:
    """An error of an SDK that is not installed here, by its shape."""
    made: Exception = type(name, bases, {"__module__": module, **facts})("no")
    return made


BY_STATUS = [
    (400, "bad_request"),
    (401, "auth"),
    (402, "quota"),
    (403, "auth"),
    (404, "not_found"),
    (405, "bad_request"),
    (408, "timeout"),
    (409, "server_error"),
    (413, "context_overflow"),
    (422, "bad_request"),
    (425, "server_error"),
    (429, "rate_limited"),
    (498, "overloaded"),
    (500, "server_error"),
    (502, "server_error"),
    (503, "server_error"),
    (504, "server_error"),
    (520, "server_error"),
    (529, "overloaded"),
]


@pytest.mark.parametrize(("status", "kind"), BY_STATUS)
def test_a_status_has_one_kind(status: int, kind: str) -> None:
    assert classify(status_error(status)).kind == kind


BY_CODE = [
    (429, coded("insufficient_quota"), "quota"),
    (429, said("no", type="insufficient_quota", code=None), "quota"),
    (403, coded("billing_hard_limit_reached"), "quota"),
    (429, coded("rate_limit_exceeded"), "rate_limited"),
    (503, coded("engine_overloaded"), "overloaded"),
    (500, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded"),
    (400, coded("context_length_exceeded"), "context_overflow"),
    (400, said("too long", type="exceed_context_size_error", code=400), "context_overflow"),
    (400, coded("content_filter"), "content_filter"),
    (400, coded("content_policy_violation"), "content_filter"),
    (400, coded("data_inspection_failed"), "content_filter"),
    (400, coded("invalid_api_key"), "auth"),
    (400, [{"error": {"code": 400, "details": [], "status": "INVALID_ARGUMENT", "reason": "API_KEY_INVALID"}}], "auth"),
    (403, coded("model_not_found"), "not_found"),
    (400, coded("model_decommissioned"), "not_found"),
    (400, said("no", type="NotFoundError"), "not_found"),
    (401, said("no", type="invalid_request_error", code="invalid_api_key"), "auth"),
    (500, said("no", type="invalid_request_error"), "server_error"),
    (422, said("no", code="unsupported_parameter"), "bad_request"),
]


@pytest.mark.parametrize(("status", "body", "kind"), BY_CODE)
def test_a_code_says_more_than_the_status(status: int, body: object, kind: str) -> None:
    assert classify(status_error(status, body)).kind == kind


BY_WORDING = [
    (400, "This model's maximum context length is 8192 tokens. Please reduce the length", "context_overflow"),
    (400, "The decoder prompt (length 9000) is longer than the maximum model length of 8192", "context_overflow"),
    (400, "the request exceeds the available context size. try increasing it", "context_overflow"),
    (400, "prompt is too long: 208310 tokens > 200000 maximum", "context_overflow"),
    (400, "The input token count exceeds the maximum number of tokens allowed (1048576)", "context_overflow"),
    (400, "Input tokens exceed the configured limit of 272000 tokens", "context_overflow"),
    (422, "`inputs` tokens + `max_new_tokens` must be <= 4096", "context_overflow"),
    (500, "the request exceeds the available context size", "context_overflow"),
    (429, "You exceeded your current quota, please check your plan and billing details", "quota"),
    (400, "Your credit balance is too low to access the API", "quota"),
    (400, "triggering Azure OpenAI's content management policy", "content_filter"),
    (400, "API key not valid. Please pass a valid API key.", "auth"),
    (400, "The model `gpt-9` does not exist or you do not have access to it", "not_found"),
    (429, "The engine is currently overloaded, please try again later", "overloaded"),
    (503, "Model meta/llama is currently loading", "overloaded"),
    (500, "Rate limit reached for requests", "rate_limited"),
    (400, "Invalid value for 'temperature'", "bad_request"),
]


@pytest.mark.parametrize(("status", "message", "kind"), BY_WORDING)
def test_wording_decides_where_the_status_leaves_it_open(status: int, message: str, kind: str) -> None:
    assert classify(status_error(status, said(message))).kind == kind


def test_a_prompt_that_is_quoted_in_a_validation_error_decides_nothing() -> None:
    body = {"detail": [{"loc": ["body"], "msg": "bad", "input": "maximum context length, insufficient balance"}]}
    assert classify(status_error(422, body)).kind == "bad_request"


IN_STREAM = [
    ({"message": "boom", "code": "server_error"}, "server_error"),
    ({"message": "boom", "code": "rate_limit_exceeded"}, "rate_limited"),
    ({"message": "boom", "code": 429}, "rate_limited"),
    ({"message": "boom", "code": 502}, "server_error"),
    ({"message": "boom", "code": "context_length_exceeded"}, "context_overflow"),
    ({"message": "boom", "type": "invalid_request_error"}, "bad_request"),
    ({"message": "boom"}, "server_error"),
    ("overloaded", "overloaded"),
    (None, "server_error"),
]


@pytest.mark.parametrize(("body", "kind"), IN_STREAM)
def test_fault_21_an_error_event_goes_by_its_code(body: object, kind: str) -> None:
    assert classify(stream_error(body)).kind == kind


LANGCHAIN_OPENAI = [
    ("OpenAIRateLimitError", status_error(429, coded("insufficient_quota")), "quota"),
    ("OpenAIRateLimitError", status_error(429), "rate_limited"),
    ("OpenAIInvalidRequestError", status_error(400, coded("context_length_exceeded")), "context_overflow"),
    ("OpenAIContextOverflowError", status_error(400), "context_overflow"),
    ("OpenAIInvalidRequestError", status_error(400), "bad_request"),
    ("OpenAIAuthenticationError", status_error(401), "auth"),
    ("OpenAIPermissionDeniedError", status_error(403), "auth"),
    ("OpenAIModelNotFoundError", status_error(404), "not_found"),
    ("OpenAIAPIError", status_error(502, "<html>bad gateway</html>"), "server_error"),
    ("OpenAIAPIError", status_error(529), "overloaded"),
]


@pytest.mark.parametrize(("name", "error", "kind"), LANGCHAIN_OPENAI)
def test_what_langchain_openai_raises(name: str, error: openai.APIStatusError, kind: str) -> None:
    assert classify(wrapped(name, error)).kind == kind


LANGCHAIN = [
    ("ContextOverflowError", "context_overflow"),
    ("ModelAuthenticationError", "auth"),
    ("ModelPermissionDeniedError", "auth"),
    ("ModelInvalidRequestError", "bad_request"),
    ("ModelNotFoundError", "not_found"),
    ("ModelRateLimitError", "rate_limited"),
    ("ModelAPIError", "server_error"),
    ("ModelConnectionError", "connection"),
    ("ModelTimeoutError", "timeout"),
    ("ModelError", "server_error"),
]


@pytest.mark.parametrize(("name", "kind"), LANGCHAIN)
def test_langchains_own_model_errors(name: str, kind: str) -> None:
    assert classify(getattr(langchain_errors, name)("no")).kind == kind


def json_error() -> Exception:
    return json.JSONDecodeError("no", "{", 1)


OTHER_ERRORS = [
    (openai.APITimeoutError(REQUEST), "timeout"),
    (connection_error(httpx2.ConnectError("refused")), "connection"),
    (connection_error(ssl.SSLCertVerificationError("not trusted")), "tls"),
    (connection_error(ssl.SSLEOFError("hung up")), "connection"),
    (langchain_openai_base.OpenAITimeoutError(REQUEST), "timeout"),
    (langchain_openai_base.OpenAIConnectionError(request=REQUEST), "connection"),
    (openai.APIResponseValidationError(httpx2.Response(200, request=REQUEST), None), "malformed"),
    (openai.ContentFilterFinishReasonError(), "content_filter"),
    (httpx2.ReadTimeout("slow"), "timeout"),
    (httpx2.ReadError("reset"), "connection"),
    (httpx2.RemoteProtocolError("hung up"), "connection"),
    (httpx2.DecodingError("gzip"), "malformed"),
    (httpx.ConnectTimeout("slow"), "timeout"),
    (httpx.ConnectError("refused"), "connection"),
    (
        httpx.HTTPStatusError("no", request=httpx.Request("GET", "http://a"), response=httpx.Response(503)),
        "server_error",
    ),
    (foreign("anthropic", "OverloadedError", status_code=529), "overloaded"),
    (foreign("anthropic", "APIConnectionError"), "connection"),
    (foreign("google.genai.errors", "ClientError", code=429, status="RESOURCE_EXHAUSTED"), "rate_limited"),
    (foreign("google.genai.errors", "ServerError", code=503, status="UNAVAILABLE"), "overloaded"),
    (foreign("ollama", "ResponseError", status_code=404), "not_found"),
    (
        foreign(
            "botocore.exceptions",
            "ClientError",
            response={"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
        ),
        "rate_limited",
    ),
    (ConnectionRefusedError("no"), "connection"),
    (ConnectionResetError("no"), "connection"),
    (TimeoutError("slow"), "timeout"),
    (ssl.SSLCertVerificationError("not trusted"), "tls"),
    (OSError(113, "no route to host"), "connection"),
    (json_error(), "malformed"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "malformed"),
    (BadAnswerError("truncated", "cut off"), "truncated"),
    (BadAnswerError("empty", "nothing"), "empty"),
    (FirstTokenTimeoutError(2.0, "first"), "timeout"),
    (DeadlineExceededError(1.0), "timeout"),
    (StreamInterruptedError("m", "reset"), "truncated"),
    (AllModelsFailedError("no", [ValueError("x")], retry_after_s=3.0), "overloaded"),
    (NoEligibleModelError("code", {}), "bad_request"),
    (BudgetExceededError("daily", "1", "0"), "bad_request"),
]


@pytest.mark.parametrize(("error", "kind"), OTHER_ERRORS, ids=lambda value: type(value).__name__)
def test_what_speaks_of_a_provider(error: Exception, kind: str) -> None:
    assert classify(error).kind == kind


class OwnTypeError(TypeError):
    pass


BUGS = [
    RuntimeError("Event loop is closed"),
    TypeError("no"),
    OwnTypeError("no"),
    NotImplementedError(),
    ValueError("no"),
    ValueError({"message": "boom", "code": 429}),
    KeyError("choices"),
    IndexError("list index out of range"),
    AttributeError("'NoneType' object has no attribute 'model_dump'"),
    AssertionError("no"),
    ZeroDivisionError(),
    RecursionError(),
    FileNotFoundError(2, "no such file"),
    StopIteration(),
    langchain_errors.OutputParserException("no"),
    openai.OpenAIError("the api_key client option must be set"),
    httpx2.StreamConsumed(),
    httpx2.InvalidURL("no"),
    ExceptionGroup("several", [ConnectionResetError()]),
]


@pytest.mark.parametrize("error", BUGS, ids=lambda error: type(error).__name__)
def test_a_bug_is_never_hidden_by_another_model(error: Exception) -> None:
    failure = classify(error)
    assert (failure.kind, failure.action, failure.counts) == ("bug", "raise", False)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit(), SystemExit(), GraphBubbleUp()]
)
def test_cancellation_passes_whatever_the_configuration_says(error: BaseException) -> None:
    failure = classify(error, overrides={"cancelled": "next_model"})
    assert (failure.kind, failure.action, failure.counts) == ("cancelled", "raise", False)


def test_an_error_that_the_caller_is_handling_is_not_taken_for_the_cause() -> None:
    try:
        raise ssl.SSLCertVerificationError("of another call")
    except ssl.SSLError:
        with pytest.raises(TimeoutError) as caught:
            raise TimeoutError("slow")  # noqa: B904  the implicit context is the point
        assert classify(caught.value).kind == "timeout"


ACTIONS = {
    "rate_limited": ("next_model", True),
    "quota": ("next_model", False),
    "overloaded": ("next_model", True),
    "server_error": ("retry", True),
    "timeout": ("next_model", True),
    "connection": ("next_model", True),
    "tls": ("next_model", True),
    "malformed": ("next_model", True),
    "truncated": ("next_model", True),
    "empty": ("next_model", True),
    "context_overflow": ("larger_window", False),
    "content_filter": ("raise", False),
    "auth": ("next_model", False),
    "not_found": ("next_model", False),
    "bad_request": ("raise", False),
    "cancelled": ("raise", False),
    "bug": ("raise", False),
}


def test_each_kind_has_its_action_and_says_whether_the_breaker_counts_it() -> None:
    assert {kind: (policy.action, policy.counts) for kind, policy in TABLE.items()} == ACTIONS
    assert set(TABLE) == set(KINDS)


def test_a_person_is_called_where_only_a_person_can_mend_it() -> None:
    assert {kind for kind, policy in TABLE.items() if policy.alert} == {"quota", "tls", "auth", "not_found"}


def test_what_is_out_with_a_failure() -> None:
    assert classify(status_error(401)).ends_credential
    assert classify(status_error(429, coded("insufficient_quota"))).ends_credential
    assert classify(status_error(404)).ends_model
    assert not classify(status_error(429)).ends_credential
    assert not classify(status_error(500)).ends_model


def test_the_configuration_overrides_an_action() -> None:
    refused = status_error(400, coded("content_filter"))
    assert classify(refused).action == "raise"
    assert classify(refused, overrides={"content_filter": "next_model"}).action == "next_model"


@pytest.mark.parametrize(
    "error", [status_error(409), connection_error(httpx2.PoolTimeout("full")), DeadlineExceededError(1.0)]
)
def test_what_the_model_is_not_to_blame_for_leaves_its_breaker_alone(error: Exception) -> None:
    assert not classify(error).counts


def test_fault_1_retry_after_is_read_from_the_error_under_langchains() -> None:
    assert classify(wrapped("OpenAIRateLimitError", status_error(429, retry_after="2"))).retry_after_s == 2.0


def test_fault_3_a_date_is_read_against_the_wall_time_that_is_passed_in() -> None:
    error = status_error(429, retry_after="Fri, 20 Nov 2026 13:00:00 GMT")
    assert classify(error).retry_after_s is None
    assert classify(error, now=NOW).retry_after_s == 3600.0


def test_a_server_that_asks_for_a_long_pause_is_not_retried() -> None:
    assert classify(status_error(503, retry_after="5")).action == "retry"
    assert classify(status_error(503, retry_after="11")).action == "next_model"


def test_a_router_as_target_passes_its_retry_hint_on() -> None:
    assert classify(AllModelsFailedError("no", [ValueError("x")], retry_after_s=3.0)).retry_after_s == 3.0


def test_an_answer_cut_to_its_length_is_not_asked_for_again() -> None:
    cut = openai.LengthFinishReasonError.__new__(openai.LengthFinishReasonError)
    assert (classify(cut).action, classify(cut).counts) == ("raise", False)


SHORT = [
    (
        wrapped("OpenAIRateLimitError", status_error(429, coded("insufficient_quota"), retry_after="2")),
        "OpenAIRateLimitError: the quota is used up (status 429, code insufficient_quota, retry after 2 s)",
    ),
    (connection_error(ConnectionRefusedError("no")), "APIConnectionError: connection failed (refused)"),
    (FirstTokenTimeoutError(2.0, "first"), "FirstTokenTimeoutError: no first token within 2 s"),
    (TypeError("secret"), "TypeError: an error of the program, not of the model"),
]


@pytest.mark.parametrize(("error", "text"), SHORT, ids=lambda value: type(value).__name__)
def test_a_record_says_in_short_what_happened(error: Exception, text: str) -> None:
    assert short(error) == text


def test_a_record_quotes_neither_prompt_nor_key() -> None:
    body = said("Incorrect API key provided: sk-abcdef\nPROMPT", code="sk-abcdef", type="PROMPT")
    for error in (status_error(401, body), stream_error(body["error"]), ValueError("PROMPT sk-abcdef")):
        text = short(error)
        assert "sk-abcdef" not in text
        assert "PROMPT" not in text
        assert "\n" not in text


def test_a_record_is_one_line_of_at_most_200_characters() -> None:
    text = short(BadAnswerError("malformed", "a\nb " * 200))
    assert len(text) == 200
    assert "\n" not in text
