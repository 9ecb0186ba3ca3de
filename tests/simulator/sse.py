"""Reading a stream of server-sent events to its end or its break."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

from langchain_modelrouter.simulator import Simulator


@dataclass
class Stream:
    """What a client saw of a stream."""

    status: int = 0
    content_type: str = ""
    data: bytes = b""
    broke_with: str | None = None
    chunks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.data.endswith(b"data: [DONE]\n\n")

    @property
    def text(self) -> str:
        return "".join(choice["delta"].get("content") or "" for choice in self._choices)

    @property
    def deltas(self) -> int:
        return sum(bool(choice["delta"].get("content")) for choice in self._choices)

    @property
    def has_role(self) -> bool:
        return any(choice["delta"].get("role") for choice in self._choices)

    @property
    def finish_reasons(self) -> list[str]:
        return [choice["finish_reason"] for choice in self._choices if choice["finish_reason"]]

    @property
    def usage(self) -> dict[str, Any] | None:
        return next((chunk["usage"] for chunk in self.chunks if chunk.get("usage")), None)

    @property
    def _choices(self) -> list[dict[str, Any]]:
        return [choice for chunk in self.chunks for choice in chunk.get("choices") or ()]


def stream(server: Simulator, *, timeout_s: float = 5, most_bytes: int = 10**6, **fields: Any) -> Stream:
    """Ask for a stream, by default with a prompt of one line, and read as far as it goes."""
    body = {
        "model": "org/small",
        "messages": [{"role": "user", "content": "Tell me about rivers and lakes."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        **fields,
    }
    seen = Stream()
    url = f"{server.url('one')}/chat/completions"
    try:
        with httpx2.Client(timeout=timeout_s, verify=False) as http, http.stream("POST", url, json=body) as response:
            seen.status, seen.content_type = response.status_code, response.headers["content-type"]
            for data in response.iter_raw():
                seen.data += data
                if len(seen.data) > most_bytes:
                    break
    except httpx2.TransportError as error:
        seen.broke_with = type(error).__name__
    for line in seen.data.split(b"\n\n"):
        try:
            seen.chunks.append(json.loads(line.removeprefix(b"data: ")))
        except ValueError:
            continue
    return seen
