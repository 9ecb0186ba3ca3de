"""What ChatOpenAI raises when a provider cannot be reached, over real loopback sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from langchain_openai import ChatOpenAI

from langchain_modelrouter.dispatch.failures import classify, short


@contextmanager
def listening(greeting: bytes | None) -> Iterator[int]:
    """A port that greets each caller and hangs up, or, without a greeting, keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(65_536)
                    caller.sendall(greeting or b"")

        if greeting is not None:
            threading.Thread(target=greet, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


async def errors_of(url: str) -> list[Exception]:
    """The errors of the four doors."""
    model = ChatOpenAI(base_url=url, api_key="none", model="m", max_retries=0, timeout=0.3)  # type: ignore[arg-type]
    errors: list[Exception] = []
    for door in (lambda: model.invoke("x"), lambda: list(model.stream("x"))):
        with pytest.raises(Exception) as caught:  # noqa: PT011  whatever it raises is what is tested
            door()
        errors.append(caught.value)
    with pytest.raises(Exception) as caught:  # noqa: PT011  as above
        await model.ainvoke("x")
    errors.append(caught.value)
    with pytest.raises(Exception) as caught:  # noqa: PT011  as above
        _ = [chunk async for chunk in model.astream("x")]
    return [*errors, caught.value]


async def test_fault_08_a_refused_connection() -> None:
    with listening(None) as port:
        pass
    errors = await errors_of(f"http://127.0.0.1:{port}/v1")
    assert [classify(error).kind for error in errors] == ["connection"] * 4
    assert {short(error) for error in errors} == {"OpenAIConnectionError: connection failed (refused)"}


async def test_fault_10_tls_that_fails() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        errors = await errors_of(f"https://127.0.0.1:{port}/v1")
    failures = [classify(error) for error in errors]
    assert [(failure.kind, failure.action, failure.alert) for failure in failures] == [("tls", "next_model", True)] * 4


async def test_fault_12_silence() -> None:
    with listening(None) as port:
        errors = await errors_of(f"http://127.0.0.1:{port}/v1")
    assert [classify(error).kind for error in errors] == ["timeout"] * 4


async def test_fault_16_a_connection_that_is_hung_up() -> None:
    with listening(b"") as port:
        errors = await errors_of(f"http://127.0.0.1:{port}/v1")
    assert [classify(error).kind for error in errors] == ["connection"] * 4
