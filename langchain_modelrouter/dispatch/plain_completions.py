"""The SDK's chat completions without its models of requests and answers: LangChain makes and reads plain JSON itself.

Left to itself the SDK looks through every request for names to translate, where there are none, and builds an object
of every answer and every chunk, which LangChain at once makes a mapping again: together a sixth of a call's time.
Everything below, from the headers to the errors, stays the SDK's.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Final

from openai import AsyncStream, Stream
from openai.resources.chat.completions import AsyncCompletions, Completions

PATH: Final = "/chat/completions"

_ABOUT_THE_REQUEST: Final = {
    "extra_headers": "headers",
    "extra_query": "params",
    "extra_body": "extra_json",
    "timeout": "timeout",
}
"""Arguments of `create` that do not belong into the body, with the names of the SDK's request options."""

_KNOWN: Final = frozenset(inspect.signature(Completions.create).parameters)


class PlainCompletions(Completions):
    """Returns the JSON of an answer, or a stream of the JSON of its chunks."""

    def create(self, **params: Any) -> Any:
        """Send `params` as they are. Raises what the SDK raises."""
        if not _KNOWN.issuperset(params):
            return super().create(**params)  # which says what is wrong with them
        return self._client.post(PATH, **_request(params, Stream[object]))


class AsyncPlainCompletions(AsyncCompletions):
    """Returns the JSON of an answer, or a stream of the JSON of its chunks."""

    async def create(self, **params: Any) -> Any:
        """Send `params` as they are. Raises what the SDK raises."""
        if not _KNOWN.issuperset(params):
            return await super().create(**params)
        return await self._client.post(PATH, **_request(params, AsyncStream[object]))


def _request(params: Mapping[str, Any], stream_cls: Any) -> dict[str, Any]:
    options = {theirs: params[ours] for ours, theirs in _ABOUT_THE_REQUEST.items() if params.get(ours) is not None}
    return {
        "cast_to": object,
        "body": {name: value for name, value in params.items() if name not in _ABOUT_THE_REQUEST},
        "options": options,
        "stream": bool(params.get("stream")),
        "stream_cls": stream_cls,
    }
