"""Each fault of the matrix, as it really goes over the wire."""

import json
import math
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import httpx2
import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_modelrouter.errors import InvalidOptionError, UnknownNameError
from langchain_modelrouter.simulator import FAULTS, Fault, Simulator, UnknownFaultError
from tests.simulator.conftest import Ask, registry
from tests.simulator.sse import Stream, stream

STATUS = [
    ("rate_limited", 429, "rate_limit_exceeded", "2"),
    ("rate_limited_no_header", 429, "rate_limit_exceeded", None),
    ("rate_limited_an_hour", 429, "rate_limit_exceeded", "3600"),
    ("rate_limited_date", 429, "rate_limit_exceeded", "Wed, 21 Oct 2099 07:28:00 GMT"),
    ("rate_limited_negative", 429, "rate_limit_exceeded", "-1"),
    ("rate_limited_junk", 429, "rate_limit_exceeded", "soon"),
    ("quota_exceeded", 429, "insufficient_quota", None),
    ("server_error", 500, None, None),
    ("bad_gateway", 502, None, None),
    ("unavailable", 503, None, None),
    ("gateway_timeout", 504, None, None),
    ("overloaded", 529, "overloaded", None),
    ("content_filter", 400, "content_filter", None),
    ("context_overflow", 400, "context_length_exceeded", None),
    ("context_overflow_llama_cpp", 400, 400, None),
    ("request_too_large", 413, "request_too_large", None),
    ("unauthorized", 401, "invalid_api_key", None),
    ("forbidden", 403, "permission_denied", None),
    ("model_not_found", 404, "model_not_found", None),
    ("unsupported_parameter", 422, "unsupported_parameter", None),
]


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("name", "status", "code", "retry_after"), STATUS)
def test_a_status_comes_with_its_code_and_retry_after(
    server: Simulator, ask: Ask, name: str, status: int, code: Any, retry_after: str | None, is_stream: bool
) -> None:
    server.fault("one", name)
    response = ask(stream=is_stream)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers.get("retry-after") == retry_after
    assert server.requests[-1].outcome == "error"


def test_vllm_puts_its_error_at_the_top(server: Simulator, ask: Ask) -> None:
    server.fault("one", "context_overflow_vllm")
    body = ask().json()
    assert body["object"] == "error"
    assert "maximum context length" in body["message"]


def test_a_gateway_answers_in_html(server: Simulator, ask: Ask) -> None:
    server.fault("one", "bad_gateway_html")
    response = ask()
    assert response.status_code == 502
    assert response.headers["content-type"].startswith("text/html")
    assert "<h1>" in response.text


def nothing(seen: Stream) -> bool:
    return (seen.status, seen.data) == (0, b"")


def head_only(seen: Stream) -> bool:
    return (seen.status, seen.data) == (200, b"")


def role_only(seen: Stream) -> bool:
    return seen.has_role and not seen.text and len(seen.chunks) == 1


def two_deltas(seen: Stream) -> bool:
    return seen.has_role and seen.deltas == 2 and not seen.finish_reasons and not seen.is_done


def comments_only(seen: Stream) -> bool:
    return seen.data.replace(b": keepalive\n\n", b"") == b"" and len(seen.data) > 30


def ends_with(junk: bytes) -> Callable[[Stream], bool]:
    return lambda seen: junk in seen.data and not seen.finish_reasons and seen.is_done


def error_event(code: str | None) -> Callable[[Stream], bool]:
    return lambda seen: seen.chunks[-1]["error"]["code"] == code and not seen.finish_reasons


BROKEN_STREAMS: list[tuple[str, str | None, Callable[[Stream], bool]]] = [
    ("no_reply", "ReadTimeout", nothing),
    ("hang_before_first_token", "ReadTimeout", head_only),
    ("hang_after_role", "ReadTimeout", role_only),
    ("hang_after_content", "ReadTimeout", two_deltas),
    ("keepalive_only", None, comments_only),
    ("reset_before_reply", "ReadError", nothing),
    ("reset_before_content", "ReadError", role_only),
    ("reset_after_content", "ReadError", two_deltas),
    ("cut_after_content", "RemoteProtocolError", two_deltas),
    ("no_finish_before_content", None, role_only),
    ("no_finish_reason", None, two_deltas),
    ("bad_json", None, ends_with(b'data: {"id": "x", "choices": [{\n\n')),
    ("bad_json_after_content", None, ends_with(b'data: {"id": "x", "choices": [{\n\n')),
    ("bad_utf8", None, ends_with(b"\xff\xfe")),
    ("error_event", None, error_event(None)),
    ("error_event_rate_limited", None, error_event("rate_limit_exceeded")),
    ("error_event_after_content", None, error_event(None)),
    ("empty_choices", None, ends_with(b'"choices": []')),
    ("null_choices", None, ends_with(b'"choices": null')),
]


@pytest.mark.parametrize(("name", "broke_with", "is_as_said"), BROKEN_STREAMS)
def test_a_stream_breaks_where_and_how_the_fault_says(
    server: Simulator, name: str, broke_with: str | None, is_as_said: Callable[[Stream], bool]
) -> None:
    server.fault("one", name)
    timeout_s = 0.3 if broke_with == "ReadTimeout" else 5
    seen = stream(server, timeout_s=timeout_s, most_bytes=40 if name == "keepalive_only" else 10**6)
    assert seen.broke_with == broke_with
    assert is_as_said(seen), seen.data


@pytest.mark.parametrize("name", ["bad_json_after_content", "error_event_after_content"])
def test_what_breaks_after_the_commit_point_has_sent_content_before(server: Simulator, name: str) -> None:
    server.fault("one", name)
    assert stream(server).deltas == 2


BROKEN_ANSWERS = [
    ("no_reply", "ReadTimeout"),
    ("hang_before_first_token", "ReadTimeout"),
    ("reset_before_reply", "ReadError"),
    ("reset_after_content", "ReadError"),
    ("cut_after_content", "RemoteProtocolError"),
]


@pytest.mark.parametrize(("name", "broke_with"), BROKEN_ANSWERS)
def test_a_whole_answer_breaks_too(server: Simulator, name: str, broke_with: str) -> None:
    server.fault("one", name)
    timeout_s = 0.3 if broke_with == "ReadTimeout" else 5
    assert stream(server, timeout_s=timeout_s, stream=False).broke_with == broke_with


def test_white_space_keeps_the_connection_of_a_whole_answer_open(server: Simulator) -> None:
    server.fault("one", "keepalive_only")
    assert stream(server, stream=False, most_bytes=3).data.strip() == b""


@pytest.mark.parametrize("is_stream", [False, True])
def test_html_and_broken_json_come_with_status_200(server: Simulator, is_stream: bool) -> None:
    for name in ("html_ok", "broken_json_ok"):
        server.clear()
        server.fault("one", name)
        seen = stream(server, stream=is_stream)
        assert (seen.status, seen.chunks) == (200, [])
    server.clear()
    server.fault("one", "error_object_ok")
    seen = stream(server, stream=is_stream)
    assert (seen.status, seen.chunks[0]["error"]["code"]) == (200, 502)


def test_whole_answers_lack_what_the_fault_takes_away(server: Simulator, ask: Ask) -> None:
    def answer(name: str) -> Any:
        server.clear()
        server.fault("one", name)
        return ask()

    def choice(name: str) -> Any:
        return answer(name).json()["choices"][0]

    assert choice("no_finish_reason")["finish_reason"] is None
    assert answer("empty_choices").json()["choices"] == []
    assert answer("null_choices").json()["choices"] is None
    with pytest.raises(json.JSONDecodeError):
        answer("bad_json").json()
    with pytest.raises(UnicodeDecodeError):
        answer("bad_utf8").json()
    assert choice("null_content")["message"] == {"role": "assistant", "content": None, "refusal": None}
    assert "usage" not in answer("no_usage").json()
    assert choice("content_filter_finish")["finish_reason"] == "content_filter"
    assert "cannot help" in choice("refusal")["message"]["refusal"]
    assert choice("length")["finish_reason"] == "length"
    assert answer("error_event").status_code == 503


def test_streams_lack_what_the_fault_takes_away(server: Simulator) -> None:
    def seen(name: str) -> Stream:
        server.clear()
        server.fault("one", name)
        return stream(server)

    no_done = seen("no_done")
    assert (no_done.finish_reasons, no_done.is_done) == (["stop"], False)
    null = seen("null_content")
    assert (null.text, null.finish_reasons, null.is_done) == ("", ["stop"], True)
    assert seen("no_usage").usage is None
    assert seen("content_filter_finish").finish_reasons == ["content_filter"]
    assert b"cannot" in seen("refusal").data
    assert seen("length").finish_reasons == ["length"]


def test_arguments_of_a_call_are_no_json(server: Simulator, ask: Ask) -> None:
    server.fault("one", "invalid_arguments")
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    call = ask("Use the tool.", tools=[tool]).json()["choices"][0]["message"]["tool_calls"][0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(call["function"]["arguments"])


def test_a_brown_out_is_ten_times_slower(http: httpx2.Client) -> None:
    with Simulator(registry(), speed=100) as server:
        server.fault("one", "slow")
        began = time.monotonic()
        body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}
        tokens = http.post(f"{server.url('one')}/chat/completions", json=body).json()["usage"]["completion_tokens"]
        expected = 10 * (0.5 + tokens / 100) / 100
        assert expected <= time.monotonic() - began < expected + 0.5


def test_a_delay_comes_before_any_fault(server: Simulator, ask: Ask) -> None:
    server.fault("one", Fault(status=503, delay_s=0.1))
    began = time.monotonic()
    assert ask().status_code == 503
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("name", [name for name in FAULTS if name != "keepalive_only"])
def test_chat_openai_meets_every_fault_and_goes_on_afterwards(
    server: Simulator, http: httpx2.Client, name: str, is_stream: bool
) -> None:
    """No fault breaks the server: the next call on the same client is answered."""
    model = ChatOpenAI(
        model="org/small",
        base_url=server.url("one"),
        api_key=SecretStr("not-a-key"),
        max_retries=0,
        timeout=0.2,
        http_client=http,
        http_async_client=httpx2.AsyncClient(verify=False),
    )
    server.fault("one", name, times=1)
    # What ChatOpenAI makes of each is the business of the failure table and its tests.
    with suppress(openai.OpenAIError, ValueError, TypeError, IndexError):
        consume(model.stream("hi") if is_stream else [model.invoke("hi")])
    assert model.invoke("hi", timeout=5).response_metadata["finish_reason"] == "stop"
    assert server.calls("one-small") == 2


def consume(messages: Iterable[object]) -> None:
    for _ in messages:
        pass


def test_every_row_that_a_server_can_show_has_a_fault() -> None:
    rows = {named.row for named in FAULTS.values()}
    # 8 to 11 need no server (see network_faults), 35 is flapping, the rest is for the caller to survive.
    assert rows == {*range(1, 8), *range(12, 35)}
    assert all(named.title for named in FAULTS.values())


def test_what_is_no_fault_is_refused_at_once(server: Simulator) -> None:
    with pytest.raises(UnknownFaultError, match="'rate_limited'"):
        server.fault("one", "rate_limitd")
    with pytest.raises(UnknownNameError, match="'one-small'"):
        server.fault("one-smal", "slow")
    with pytest.raises(InvalidOptionError, match="no kind"):
        Fault("explode")  # type: ignore[arg-type]
    with pytest.raises(InvalidOptionError, match="between 0 and 1"):
        Fault(probability=math.pi)
