"""Addresses at which no conversation comes about: refused, unanswered, unresolvable, not to be trusted."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

_UNTRUSTED = Path(__file__).with_name("untrusted.pem")


@contextmanager
def refused_url() -> Iterator[str]:
    """Give a base URL whose port refuses connections (row 8 of the fault matrix)."""
    with closing(socket.socket()) as bound:
        # Bound, so that nobody else takes the port, and not listening, so that the kernel refuses.
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@contextmanager
def unresolvable_url(*, delay_s: float = 0.0, host: str = "simulated.invalid") -> Iterator[str]:
    """Give a base URL whose host has no address (row 9); the resolver says so after `delay_s`.

    While it is open, `socket.getaddrinfo` is replaced for that host in this process, so that no resolver is asked.
    """
    real = socket.getaddrinfo

    def getaddrinfo(name: Any, *args: Any, **kwargs: Any) -> Any:
        if name not in (host, host.encode()):
            return real(name, *args, **kwargs)
        time.sleep(delay_s)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    setattr(socket, "getaddrinfo", getaddrinfo)  # noqa: B010  mypy: a function of another signature
    try:
        yield f"http://{host}/v1"
    finally:
        socket.getaddrinfo = real


@contextmanager
def untrusted_tls_url() -> Iterator[str]:
    """Give a base URL whose server shows a certificate that nobody trusts (row 10)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_UNTRUSTED)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = threading.Thread(target=_shake_hands, args=(listening, context), daemon=True)
        server.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            # A blocked accept() does not notice that its socket is closed; it notices a shutdown.
            listening.shutdown(socket.SHUT_RDWR)
            server.join()


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        client.settimeout(5)
        with suppress(OSError), closing(client), context.wrap_socket(client, server_side=True) as talking:
            talking.recv(1)


@contextmanager
def unanswered_url() -> Iterator[str]:
    """Give a base URL whose host does not answer, so that connecting times out (row 11)."""
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        address = listening.getsockname()
        # Linux drops what comes when the queue of a listening socket is full (listen(2)): fill it.
        for _ in range(4):
            filling = stack.enter_context(closing(socket.socket()))
            filling.setblocking(False)
            with suppress(BlockingIOError):
                filling.connect(address)
        yield f"http://127.0.0.1:{address[1]}/v1"
