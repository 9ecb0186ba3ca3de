import asyncio
import json
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from langchain_modelrouter.errors import InvalidOptionError, UnknownNameError
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import FakeClock
from tests.simulator.conftest import Ask, registry
from tests.simulator.sse import stream


def settled(server: Simulator, outcome: str) -> bool:
    """Wait for the last request to end so."""
    for _ in range(200):
        if server.requests[-1].outcome == outcome:
            return True
        time.sleep(0.01)
    return False


def test_an_answer_has_the_form_of_openai_and_says_that_it_is_simulated(ask: Ask) -> None:
    response = ask()
    body = response.json()
    assert response.headers["x-simulated"] == "true"
    assert body["object"] == "chat.completion"
    assert body["simulated"] is True
    assert body["system_fingerprint"] == "simulated"
    assert body["model"] == "org/small"
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert "simulated" in body["choices"][0]["message"]["content"]
    assert body["choices"][0]["finish_reason"] == "stop"


def test_usage_is_a_quarter_of_the_characters(ask: Ask) -> None:
    body = ask("a" * 81).json()
    said = body["choices"][0]["message"]["content"]
    assert body["usage"]["prompt_tokens"] == 21
    assert body["usage"]["completion_tokens"] == -(-len(said) // 4)
    assert body["usage"]["total_tokens"] == 21 + body["usage"]["completion_tokens"]


def test_a_stream_adds_up_to_the_whole_answer(server: Simulator, ask: Ask) -> None:
    whole, seen = ask().json(), stream(server)
    assert seen.content_type.startswith("text/event-stream")
    assert seen.chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert seen.text == whole["choices"][0]["message"]["content"]
    assert seen.finish_reasons == ["stop"]
    assert seen.usage == whole["usage"]
    assert seen.is_done
    assert all(chunk["simulated"] for chunk in seen.chunks)


def test_a_stream_gives_usage_only_where_it_is_asked_for(server: Simulator) -> None:
    assert stream(server, stream_options=None).usage is None


def test_the_same_request_and_seed_give_the_same_answer(ask: Ask) -> None:
    first, again = (ask().json()["choices"] for _ in range(2))
    assert first == again
    assert ask(seed=1).json()["choices"] != first


def test_latency_is_that_of_the_catalogue_divided_by_the_speed(http: httpx2.Client) -> None:
    with Simulator(registry(), speed=20) as server:
        url = f"{server.url('one')}/chat/completions"
        body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}
        began = time.monotonic()
        tokens = http.post(url, json=body).json()["usage"]["completion_tokens"]
        expected = (0.5 + tokens / 100) / 20
        assert expected <= time.monotonic() - began < expected + 0.5
        began = time.monotonic()
        seen = stream(server, timeout_s=5, messages=body["messages"])
        assert expected * 0.9 <= time.monotonic() - began < expected + 0.5
        assert seen.is_done


def test_it_lists_the_models_of_each_provider(server: Simulator, http: httpx2.Client) -> None:
    rows = http.get(f"{server.url('one')}/models").json()["data"]
    assert [row["id"] for row in rows] == ["org/small", "large"]
    health = http.get(f"http://{server.host}:{server.port}/health").json()
    assert health == {"status": "ok", "simulated": True}
    assert http.head(f"http://{server.host}:{server.port}/health").status_code == 200


def test_what_it_does_not_serve_is_refused_in_the_form_of_openai(
    server: Simulator, http: httpx2.Client, ask: Ask
) -> None:
    unknown = ask(model="gpt-x")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    assert server.requests[-1].model is None
    messages = [{"role": "user", "content": "hi"}]
    url = f"{server.url('one')}/chat/completions"
    for wrong, param in [
        ({"model": "large"}, "messages"),
        ({"messages": messages}, "model"),
        ({"model": "large", "messages": messages, "max_tokens": 0}, "max_tokens"),
        ({"model": "large", "messages": messages, "response_format": {"type": "xml"}}, "response_format"),
        ({"model": "large", "messages": messages, "tool_choice": {"function": {"name": "x"}}}, "tool_choice"),
    ]:
        refused = http.post(url, json=wrong)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#/$defs/X"}}}
    nowhere = http.post(url, json={"model": "large", "messages": messages, "response_format": schema})
    assert (nowhere.status_code, "points nowhere" in nowhere.text) == (400, True)
    assert http.post(url, content=b"{not json").status_code == 400
    assert http.get(f"{server.url('one')}/nothing").status_code == 404
    with pytest.raises(UnknownNameError, match="'one'"):
        server.url("onr")


def test_a_prompt_beyond_the_context_window_is_refused(ask: Ask) -> None:
    refused = ask("x" * 5000)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "context_length_exceeded"
    assert ask("x" * 3000).status_code == 200


def test_embeddings_are_deterministic_and_near_for_texts_with_the_same_words(
    server: Simulator, http: httpx2.Client
) -> None:
    texts = ["rivers and lakes", "lakes, rivers", "a proof in logic"]
    url = f"{server.url('one')}/embeddings"
    rows = http.post(url, json={"model": "large", "input": texts, "dimensions": 64}).json()["data"]
    one, alike, other = (row["embedding"] for row in rows)
    assert len(one) == 64
    assert math.isclose(math.hypot(*one), 1.0)
    assert math.isclose(sum(a * b for a, b in zip(one, alike, strict=True)), 1.0)
    assert sum(a * b for a, b in zip(one, other, strict=True)) < 0.5
    assert http.post(url, json={"model": "large", "input": texts, "dimensions": 64}).json()["data"] == rows
    packed = http.post(url, json={"model": "large", "input": "x", "encoding_format": "base64"}).json()
    assert isinstance(packed["data"][0]["embedding"], str)
    assert http.post(url, json={"model": "large", "input": []}).status_code == 400


def test_rate_limit_headers_count_down_for_a_provider_with_limits(http: httpx2.Client) -> None:
    clock = FakeClock()
    with Simulator(registry(), speed=20, clock=clock) as server:

        def headers(provider: str, model: str) -> httpx2.Headers:
            body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
            return http.post(f"{server.url(provider)}/chat/completions", json=body).headers

        first, second = headers("one", "large"), headers("one", "large")
        assert first["x-ratelimit-limit-requests"] == "60"
        assert (first["x-ratelimit-remaining-requests"], second["x-ratelimit-remaining-requests"]) == ("59", "58")
        assert int(second["x-ratelimit-remaining-tokens"]) < int(first["x-ratelimit-remaining-tokens"]) < 1000
        assert second["x-ratelimit-reset-requests"] == "3.000s"
        clock.advance(60 / 20)
        assert headers("one", "large")["x-ratelimit-remaining-requests"] == "59"
        assert not [name for name in headers("two", "org/small") if name.startswith("x-ratelimit")]


def test_the_log_tells_what_was_asked_without_the_key(server: Simulator, http: httpx2.Client) -> None:
    body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": "Bearer secret", "x-api-key": "secret", "x-own": "seen"}
    http.post(f"{server.url('one')}/chat/completions", json=body, headers=headers)
    (record,) = server.requests
    assert (record.provider, record.model, record.outcome) == ("one", "one-small", "ok")
    assert record.body == body
    assert record.headers["x-own"] == "seen"
    assert "secret" not in repr(record)
    assert record.ended_s is not None
    assert record.ended_s >= record.started_s
    assert (server.calls("one-small"), server.calls("one-large"), server.calls()) == (1, 0, 1)
    server.reset()
    assert server.calls() == 0


def test_the_log_holds_the_latest_requests_and_counts_all(http: httpx2.Client) -> None:
    with Simulator(registry(), speed=math.inf, keep_requests=2) as server:
        for prompt in ("a", "b", "c"):
            body = {"model": "large", "messages": [{"role": "user", "content": prompt}]}
            http.post(f"{server.url('one')}/chat/completions", json=body)
        assert [record.body["messages"][0]["content"] for record in server.requests] == ["b", "c"]
        assert [record.outcome for record in server.requests] == ["ok", "ok"]
        assert server.calls("one-large") == 3


def test_connections_are_kept_alive_and_bodies_may_come_in_chunks(server: Simulator, http: httpx2.Client) -> None:
    body = json.dumps({"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}).encode()
    for _ in range(3):
        pieces = iter([body[:10], body[10:]])
        assert http.post(f"{server.url('one')}/chat/completions", content=pieces).status_code == 200
    assert server.open_connections == 1


def test_what_is_no_http_is_refused_and_closed(server: Simulator) -> None:
    async def talk() -> bytes:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"\x16\x03\x01 not http\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        return answer

    assert asyncio.run(talk()).startswith(b"HTTP/1.1 400")


async def test_many_connections_are_served_at_once() -> None:
    with Simulator(registry(), speed=1.0) as server:
        url = f"{server.url('one')}/chat/completions"
        body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}
        limits = httpx2.Limits(max_connections=200)
        async with httpx2.AsyncClient(limits=limits, timeout=20) as http:
            began = time.monotonic()
            responses = await asyncio.gather(*(http.post(url, json=body) for _ in range(150)))
            took_s = time.monotonic() - began
        assert {response.status_code for response in responses} == {200}
        assert server.calls() == 150
    # One takes 0.5 s and 0.2 s for its tokens: one after the other they would take over a minute.
    assert took_s < 10


async def test_a_client_that_goes_is_noticed_at_once() -> None:
    with Simulator(registry(), speed=0.01) as server:
        url = f"{server.url('one')}/chat/completions"
        body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        async with httpx2.AsyncClient() as http:
            with pytest.raises(httpx2.ReadTimeout):
                await http.post(url, json={**body, "stream": False}, timeout=0.1)
            assert await asyncio.to_thread(settled, server, "aborted")
            async with http.stream("POST", url, json=body) as response:
                assert response.status_code == 200
                assert server.requests[-1].outcome == "open"
            assert await asyncio.to_thread(settled, server, "aborted")
        assert server.open_connections == 0


def test_it_starts_again_and_leaves_nothing_behind() -> None:
    server, threads, sockets = Simulator(registry(), speed=0.01), threading.active_count(), open_sockets()
    for _ in range(3):
        server.start()
        server.start()
        with httpx2.Client() as http, ThreadPoolExecutor(1) as pool:
            assert http.get(f"{server.url('one')}/models").status_code == 200
            body = {"model": "org/small", "messages": [{"role": "user", "content": "hi"}]}
            under_way = pool.submit(httpx2.post, f"{server.url('one')}/chat/completions", json=body)
            while server.calls("one-small") == 0:
                time.sleep(0.01)
            server.stop()
            with pytest.raises(httpx2.TransportError):
                under_way.result(5)
        assert server.requests[-1].outcome == "aborted"
        assert server.open_connections == 0
        server.reset()
    server.stop()
    assert threading.active_count() == threads
    assert open_sockets() == sockets


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    links = (str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sum(link.startswith("socket:") for link in links)


def test_a_taken_port_is_said_where_it_starts(server: Simulator) -> None:
    second = Simulator(registry(), port=server.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.stop()


def test_a_speed_must_be_above_zero() -> None:
    with pytest.raises(InvalidOptionError, match="not above 0"):
        Simulator(registry(), speed=0)
