"""What ChatOpenAI and the one that we build make of broken and of sound answers of a loopback server, by all doors."""

import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_openai import ChatOpenAI

from langchain_modelrouter.catalog.model_info import Provider
from langchain_modelrouter.dispatch.answers import bad_answer
from langchain_modelrouter.dispatch.failures import classify
from langchain_modelrouter.dispatch.openai_client import build
from langchain_modelrouter.dispatch.settings import LimitsConfig
from tests.factories import model_info

RESET = b"reset"


class Answering(ThreadingTCPServer):
    daemon_threads = True
    whole: bytes = b""
    """What a call without a stream gets, headers included."""
    stream: bytes = b""


class Handler(BaseRequestHandler):
    def handle(self) -> None:
        server = cast(Answering, self.server)
        with self.request.makefile("rb") as request:
            length = 0
            while (line := request.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            is_stream = json.loads(request.read(length)).get("stream")
        answer = server.stream if is_stream else server.whole
        self.request.sendall(answer.removesuffix(RESET))
        if answer.endswith(RESET):
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def whole(body: object, *, status: int = 200, kind: str = "application/json") -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(raw)}\r\nconnection: close\r\n\r\n"
    return head.encode() + raw


def sse(*events: object, done: bool = True) -> bytes:
    lines = [event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() for event in events]
    raw = b"".join(line + b"\n\n" for line in [*lines, *([b"data: [DONE]"] if done else [])])
    return whole(raw, kind="text/event-stream")


def completion(**changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "hi"}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **changes,
    }


def saying(finish: str | None = "stop", **message: Any) -> bytes:
    said = {"role": "assistant", "content": None, **message}
    return whole(completion(choices=[{"index": 0, "message": said, "finish_reason": finish}]))


def chunk(delta: object, finish: str | None = None, **changes: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **changes}


ROLE, TEXT, STOP = chunk({"role": "assistant", "content": ""}), chunk({"content": "a"}), chunk({}, "stop")
HTML = b"<html>bad gateway</html>"
HTML_502 = whole(HTML, status=502, kind="text/html")
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{bad"}}
NO_FUNCTION = {"id": "1", "type": "function", "function": None}

Door = Callable[[ChatOpenAI], Awaitable[AIMessage]]


async def by_invoke(model: ChatOpenAI) -> AIMessage:
    return model.invoke("x")


async def by_ainvoke(model: ChatOpenAI) -> AIMessage:
    return await model.ainvoke("x")


async def by_stream(model: ChatOpenAI) -> AIMessage:
    return added(list(model.stream("x")))


async def by_astream(model: ChatOpenAI) -> AIMessage:
    return added([one async for one in model.astream("x")])


def added(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for one in chunks[1:]:
        total += one
    return total


def plain(server: Answering) -> ChatOpenAI:
    url = f"http://127.0.0.1:{cast(tuple[str, int], server.server_address)[1]}/v1"
    return ChatOpenAI(base_url=url, api_key="none", model="m", max_retries=0, timeout=5)  # type: ignore[arg-type]


def ours(server: Answering) -> ChatOpenAI:
    url = f"http://127.0.0.1:{cast(tuple[str, int], server.server_address)[1]}/v1"
    return build(
        model_info(),
        Provider(key="p", base_url=url),
        None,
        connect_timeout_s=5,
        timeout_s=5,
        http_client=None,
        http_async_client=None,
    )


Make = Callable[[Answering], ChatOpenAI]


async def kind_of(door: Door, model: ChatOpenAI, limits: LimitsConfig) -> str:
    """The kind of failure that a door meets, or `answer`."""
    try:
        message = await door(model)
    except Exception as error:  # noqa: BLE001  whatever it raises is what is tested
        return classify(error).kind
    problem = bad_answer(message, limits)
    return "answer" if problem is None else classify(problem).kind


# row, answer, stream, kind of the answer, kind of the stream
BROKEN = [
    ("07_html_502", HTML_502, HTML_502, "server_error", "server_error"),
    ("16_reset", whole({})[:-1] + RESET, sse(ROLE)[:-9] + RESET, "connection", "connection"),
    ("18_no_finish_reason", saying(None, content="hi"), sse(ROLE, TEXT), "truncated", "truncated"),
    ("18_nothing_at_all", whole(b""), sse(), "malformed", "malformed"),
    ("19_no_done", whole(completion()), sse(ROLE, TEXT, STOP, done=False), "answer", "answer"),
    ("20_bad_json", whole(b'{"a": '), sse(ROLE, b"data: {bad"), "malformed", "malformed"),
    ("20_bad_utf8", whole(b'{"a":"\xff"}'), sse(ROLE, b'data: {"a":"\xff"}'), "malformed", "malformed"),
    (
        "21_by_code",
        whole({"error": {"code": 429}}),
        sse(ROLE, {"error": {"code": 429}}),
        "rate_limited",
        "rate_limited",
    ),
    ("21_by_word", whole({"error": "overloaded"}), sse({"error": "overloaded"}), "overloaded", "overloaded"),
    ("22_html", whole(HTML, kind="text/html"), whole(HTML, kind="text/html"), "malformed", "malformed"),
    ("22_html_as_json", whole(HTML), whole(HTML, kind="text/event-stream"), "malformed", "malformed"),
    ("22_list", whole([1]), sse([1]), "malformed", "malformed"),
    ("22_null", whole(None), sse(None), "malformed", "malformed"),
    ("22_text", whole("hello"), sse("hello"), "malformed", "malformed"),
    ("23_empty_choices", whole(completion(choices=[])), sse(chunk({}, choices=[])), "malformed", "empty"),
    ("23_null_choices", whole(completion(choices=None)), sse(chunk({}, choices=None)), "malformed", "empty"),
    ("23_no_choices", whole({"id": "x"}), sse({"id": "x"}), "malformed", "empty"),
    ("23_choices_as_text", whole(completion(choices="x")), sse(chunk({}, choices="x")), "malformed", "malformed"),
    ("23_null_choice", whole(completion(choices=[None])), sse(chunk({}, choices=[None])), "malformed", "malformed"),
    ("23_no_message", whole(completion(choices=[{"index": 0}])), sse(chunk(None)), "malformed", "malformed"),
    ("23_error_object", whole({"error": {"message": "boom"}}), None, "malformed", None),
    ("23_invalid_request", whole({"error": {"type": "invalid_request_error"}}), None, "malformed", None),
    ("23_content_as_number", saying(content=5), sse(chunk({"content": 5})), "malformed", "malformed"),
    ("23_no_function", saying(tool_calls=[NO_FUNCTION]), None, "malformed", None),
    ("24_null_content", saying(), sse(ROLE, STOP), "empty", "empty"),
    (
        "25_arguments_that_are_not_json",
        saying("tool_calls", tool_calls=[CALL]),
        sse(ROLE, chunk({"tool_calls": [{"index": 0, **CALL}]}), chunk({}, "tool_calls")),
        "malformed",
        "malformed",
    ),
    ("26_usage_as_text", whole(completion(usage="x")), None, "malformed", None),
    ("26_null_usage", whole(completion(usage=None)), sse(ROLE, TEXT, STOP), "answer", "answer"),
    ("27_filtered", saying("content_filter"), sse(ROLE, chunk({}, "content_filter")), "answer", "answer"),
    ("27_refusal", saying(refusal="no"), None, "answer", None),
    ("29_length", saying("length"), sse(ROLE, chunk({}, "length")), "answer", "answer"),
]


WHOLE = [(name, door, answer, kind) for name, answer, _, kind, _ in BROKEN for door in (by_invoke, by_ainvoke)]
STREAMED = [
    (name, door, stream, kind)
    for name, _, stream, _, kind in BROKEN
    if stream is not None
    for door in (by_stream, by_astream)
]


@pytest.mark.parametrize("make", [plain, ours])
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # openai's model of the answer, beside the point
@pytest.mark.parametrize(
    ("door", "answer", "kind"),
    [case[1:] for case in [*WHOLE, *STREAMED]],
    ids=[f"{name}-{door.__name__}" for name, door, _, _ in [*WHOLE, *STREAMED]],
)
async def test_a_broken_answer_has_its_kind(
    server: Answering, make: Make, door: Door, answer: bytes, kind: str
) -> None:
    server.whole = server.stream = answer
    assert await kind_of(door, make(server), LimitsConfig(invalid_tool_calls="fallback")) == kind


USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
CACHED = {**USAGE, "prompt_tokens_details": {"cached_tokens": 2}}
LOOK = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}}
LIKELY = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}], "refusal": None}
SOUND = [
    (whole(completion()), sse(ROLE, TEXT, STOP)),
    (whole(completion(usage=USAGE)), sse(ROLE, TEXT, STOP, {**STOP, "choices": [], "usage": USAGE})),
    (whole(completion(usage=CACHED, service_tier="flex")), sse(ROLE, {**STOP, "usage": CACHED})),
    (whole(completion(system_fingerprint="fp", n=1)), sse(ROLE, {**STOP, "system_fingerprint": "fp"})),
    (saying(refusal="no"), sse(ROLE, TEXT, chunk({}, "content_filter"))),
    (saying("tool_calls", tool_calls=[LOOK]), sse(ROLE, chunk({"tool_calls": [{"index": 0, **LOOK}]}), STOP)),
    (
        whole(completion(choices=[{"message": {"role": "assistant", "content": "a"}, "logprobs": LIKELY}])),
        sse({**ROLE, "choices": [{"delta": {"content": "a"}, "logprobs": LIKELY}]}, STOP),
    ),
]


@pytest.mark.parametrize(("answer", "stream"), SOUND)
@pytest.mark.parametrize("door", [by_invoke, by_ainvoke, by_stream, by_astream])
async def test_a_sound_answer_is_what_chat_openai_makes_of_it(
    server: Answering, door: Door, answer: bytes, stream: bytes
) -> None:
    server.whole, server.stream = answer, stream
    theirs, own = [without_ids(await door(make(server))) for make in (plain, ours)]
    assert own == theirs


def without_ids(message: AIMessage) -> dict[str, Any]:
    """The message as it is, but for the id of its run and the details of the usage, which are null in part."""
    found = message.model_dump(exclude={"id"})
    usage = found["response_metadata"].get("token_usage") or {}
    usage.pop("prompt_tokens_details", None)
    return found


@pytest.mark.parametrize("make", [plain, ours])
@pytest.mark.parametrize("door", [by_invoke, by_ainvoke, by_stream, by_astream])
async def test_a_parameter_that_the_sdk_does_not_know_is_the_callers_bug(
    server: Answering, make: Make, door: Door
) -> None:
    server.whole = whole(completion())
    with pytest.raises(TypeError, match="no_such_parameter") as caught:
        await door(make(server).bind(no_such_parameter=1))  # type: ignore[arg-type]
    assert classify(caught.value).kind == "bug"


async def test_an_answer_of_json_that_the_server_calls_text_is_an_answer(server: Answering) -> None:
    server.whole = whole(completion(), kind="text/plain")
    assert (await by_invoke(plain(server))).content == (await by_invoke(ours(server))).content == "hi"


async def test_an_error_that_user_code_raises_in_the_midst_of_an_answer_is_a_bug(server: Answering) -> None:
    class Model(ChatOpenAI):
        def _create_chat_result(self, *args: Any, **kwargs: Any) -> Any:
            raise TypeError("'NoneType' object is not subscriptable")

    server.whole = whole(completion())
    url = f"http://127.0.0.1:{cast(tuple[str, int], server.server_address)[1]}/v1"
    model = Model(base_url=url, api_key="none", model="m", max_retries=0)  # type: ignore[arg-type]
    with pytest.raises(TypeError) as caught:
        model.invoke("x")
    assert classify(caught.value).kind == "bug"
