"""The faults of the project's fault matrix that a server can show, by name, each with its row there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from langchain_modelrouter.errors import UnknownNameError
from langchain_modelrouter.simulator.fault import Fault


class UnknownFaultError(UnknownNameError):
    """A fault that is not in the table."""

    kind = "fault"


@dataclass(frozen=True, slots=True)
class NamedFault:
    """A fault with its row in the fault matrix and a line that says what the provider does."""

    row: int
    title: str
    fault: Fault


_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_QUOTA = {
    "error": {
        "message": "Simulated: you exceeded your current quota, check your plan and billing details.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
_FILTERED = {
    "error": {
        "message": "Simulated: the response was filtered due to the prompt triggering content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}
_OVERFLOW_OPENAI = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
_OVERFLOW_VLLM = {
    "object": "error",
    "message": "This model's maximum context length is 8192 tokens. However, you requested 9257 tokens (9001 in the "
    "messages, 256 in the completion). Please reduce the length of the messages or completion.",
    "type": "BadRequestError",
    "param": None,
    "code": 400,
}
_OVERFLOW_LLAMA_CPP = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size. try increasing the context size or enable "
        "context shift",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 9001,
        "n_ctx": 8192,
    }
}
_UNSUPPORTED = {
    "error": {
        "message": "Simulated: unsupported parameter: 'temperature' is not supported with this model.",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "unsupported_parameter",
    }
}
_ERROR_OBJECT = {"error": {"message": "Simulated: upstream error.", "type": "server_error", "param": None, "code": 502}}
_COMPLETION = {"id": "chatcmpl-simulated", "object": "chat.completion", "created": 0, "model": "simulated"}
_DATE = "Wed, 21 Oct 2099 07:28:00 GMT"

FAULTS: Mapping[str, NamedFault] = MappingProxyType(
    {
        "rate_limited": NamedFault(1, "429 with Retry-After: 2", Fault(status=429, retry_after=2)),
        "rate_limited_no_header": NamedFault(2, "429 without Retry-After", Fault(status=429)),
        "rate_limited_an_hour": NamedFault(3, "429 with Retry-After: 3600", Fault(status=429, retry_after=3600)),
        "rate_limited_date": NamedFault(3, "429 with an HTTP date", Fault(status=429, retry_after=_DATE)),
        "rate_limited_negative": NamedFault(3, "429 with Retry-After: -1", Fault(status=429, retry_after=-1)),
        "rate_limited_junk": NamedFault(3, "429 with Retry-After: soon", Fault(status=429, retry_after="soon")),
        "quota_exceeded": NamedFault(4, "429 insufficient_quota", Fault(status=429, body=_QUOTA)),
        "server_error": NamedFault(5, "500", Fault(status=500)),
        "bad_gateway": NamedFault(5, "502", Fault(status=502)),
        "unavailable": NamedFault(5, "503", Fault(status=503)),
        "gateway_timeout": NamedFault(5, "504", Fault(status=504)),
        "overloaded": NamedFault(6, "529", Fault(status=529)),
        "bad_gateway_html": NamedFault(7, "502 with an HTML body", Fault(status=502, body=_HTML)),
        "no_reply": NamedFault(12, "takes the request and says nothing", Fault("hang")),
        "hang_before_first_token": NamedFault(13, "status 200, then nothing", Fault("hang", status=200)),
        "hang_after_role": NamedFault(14, "the role delta, then nothing", Fault("hang", after_chunks=0)),
        "hang_after_content": NamedFault(12, "two deltas, then nothing", Fault("hang", after_chunks=2)),
        "keepalive_only": NamedFault(15, "keepalive comments only", Fault("keepalive")),
        "reset_before_reply": NamedFault(16, "connection reset before any byte", Fault("reset")),
        "reset_before_content": NamedFault(16, "reset after the role delta", Fault("reset", after_chunks=0)),
        "reset_after_content": NamedFault(17, "reset after two deltas", Fault("reset", after_chunks=2)),
        "cut_after_content": NamedFault(17, "closed in the body after two deltas", Fault("cut", after_chunks=2)),
        "no_finish_before_content": NamedFault(18, "clean end after the role delta", Fault("end", after_chunks=0)),
        "no_finish_reason": NamedFault(18, "clean end after two deltas", Fault("end", after_chunks=2)),
        "no_done": NamedFault(19, "finish_reason without [DONE]", Fault("no_done")),
        "bad_json": NamedFault(20, "bad JSON first", Fault("garbage", body='{"id": "x", "choices": [{')),
        "bad_json_after_content": NamedFault(
            20, "bad JSON after two deltas", Fault("garbage", body='{"id": "x", "choices": [{', after_chunks=2)
        ),
        "bad_utf8": NamedFault(
            20, "bad UTF-8", Fault("garbage", body=b'{"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}')
        ),
        "error_event": NamedFault(21, "an SSE error event first", Fault("error_event", status=503)),
        "error_event_rate_limited": NamedFault(21, "an SSE rate limit event", Fault("error_event", status=429)),
        "error_event_after_content": NamedFault(
            21, "an SSE error event after two deltas", Fault("error_event", status=503, after_chunks=2)
        ),
        "html_ok": NamedFault(22, "HTML with status 200", Fault("body", body=_HTML)),
        "broken_json_ok": NamedFault(22, "broken JSON with status 200", Fault("body", body='{"id": "x", "choi')),
        "empty_choices": NamedFault(23, "empty choices", Fault("garbage", body={**_COMPLETION, "choices": []})),
        "null_choices": NamedFault(23, "null choices", Fault("garbage", body={**_COMPLETION, "choices": None})),
        "error_object_ok": NamedFault(23, "an error object with status 200", Fault("body", body=_ERROR_OBJECT)),
        "null_content": NamedFault(24, "null content, no call, no refusal", Fault("null_content")),
        "invalid_arguments": NamedFault(25, "tool arguments that are not JSON", Fault("invalid_arguments")),
        "no_usage": NamedFault(26, "no usage", Fault("no_usage")),
        "content_filter_finish": NamedFault(27, "finish_reason content_filter", Fault("content_filter")),
        "refusal": NamedFault(27, "a refusal", Fault("refusal")),
        "content_filter": NamedFault(28, "400 content_filter", Fault(status=400, body=_FILTERED)),
        "length": NamedFault(29, "finish_reason length", Fault("length")),
        "context_overflow": NamedFault(30, "400 in OpenAI's words", Fault(status=400, body=_OVERFLOW_OPENAI)),
        "context_overflow_vllm": NamedFault(30, "400 in vLLM's words", Fault(status=400, body=_OVERFLOW_VLLM)),
        "context_overflow_llama_cpp": NamedFault(
            30, "400 in llama.cpp's words", Fault(status=400, body=_OVERFLOW_LLAMA_CPP)
        ),
        "request_too_large": NamedFault(30, "413", Fault(status=413)),
        "unauthorized": NamedFault(31, "401", Fault(status=401)),
        "forbidden": NamedFault(31, "403", Fault(status=403)),
        "model_not_found": NamedFault(32, "404 model_not_found", Fault(status=404)),
        "unsupported_parameter": NamedFault(33, "422", Fault(status=422, body=_UNSUPPORTED)),
        "slow": NamedFault(34, "ten times slower", Fault("slow", factor=10)),
    }
)
"""Row numbers are those of the fault matrix. Wordings of context overflow: the error messages of the OpenAI API,
of vLLM's OpenAI server and of llama.cpp's server, seen in 2025 and 2026."""


def named_fault(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        UnknownFaultError: the table has none.
    """
    if name not in FAULTS:
        raise UnknownFaultError(name, FAULTS)
    return FAULTS[name].fault
