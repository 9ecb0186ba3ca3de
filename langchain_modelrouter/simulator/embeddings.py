"""Embeddings of texts by hashing their words: deterministic, and alike for texts that share words."""

import base64
import math
import struct
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from langchain_modelrouter.simulator.chat_request import BadRequestError, tokens_of
from langchain_modelrouter.simulator.prompt_text import words_of

_DIMENSIONS = 256


def embeddings_body(body: Any) -> dict[str, Any]:
    """Return the answer to an embeddings request.

    Raises:
        BadRequestError: there is no text to embed.

    Source of the method: K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009.
    """
    given = body.get("input") if isinstance(body, Mapping) else None
    if isinstance(given, str) or (isinstance(given, list) and given and isinstance(given[0], int)):
        given = [given]
    if not isinstance(given, list) or not given:
        raise BadRequestError("input: a text or an array of texts is needed", "input")
    texts = [text if isinstance(text, str) else " ".join(f"token{number}" for number in text) for text in given]
    dimensions = body.get("dimensions") or _DIMENSIONS
    vectors = [_vector(text, dimensions) for text in texts]
    if body.get("encoding_format") == "base64":
        packed = [base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode() for vector in vectors]
    tokens = sum(tokens_of(text) for text in texts)
    data: list[Any] = packed if body.get("encoding_format") == "base64" else vectors
    return {
        "object": "list",
        "model": body.get("model"),
        "data": [{"object": "embedding", "index": i, "embedding": value} for i, value in enumerate(data)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "simulated": True,
    }


def _vector(text: str, dimensions: int) -> list[float]:
    vector = [0.0] * dimensions
    for word in words_of(text) or {text}:
        digest = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
        vector[digest % dimensions] += 1.0 if digest >> 63 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]
