"""What the simulator answers at each of its paths: everything but faults, threads and sockets."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.simulator.answers import answers
from langchain_modelrouter.simulator.chat_request import BadRequestError, ChatRequest, read_chat_request
from langchain_modelrouter.simulator.decisions import DecisionsCompletion, read_decision_request, words_for
from langchain_modelrouter.simulator.embeddings import embeddings_body
from langchain_modelrouter.simulator.fault import Fault
from langchain_modelrouter.simulator.http_server import HttpRequest
from langchain_modelrouter.simulator.rate_limit_headers import RateLimitHeaders
from langchain_modelrouter.simulator.wire import Completion, Head, Latency, Moves, error_body, json_moves


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request, with what it is about."""

    method: str
    path: str
    provider: str
    endpoint: str
    """What follows `/<provider>/v1/`."""
    body: Any
    model: ModelInfo | None

    @property
    def model_key(self) -> str | None:
        """The key of the model that it names, if its provider serves that."""
        return None if self.model is None else self.model.key

    @property
    def takes_faults(self) -> bool:
        """True for what a model answers: a chat completion or a decision."""
        return self.method == "POST" and self.endpoint in ("chat/completions", "decisions")

    @property
    def targets(self) -> frozenset[str]:
        """The names under which a fault may be set for it."""
        names = () if self.model is None else (self.model.key, self.model.api_name)
        return frozenset({"*", self.provider, *names})


class Endpoints:
    """The answers for one registry, at one speed."""

    def __init__(self, registry: ModelRegistry, *, speed: float, seed: int) -> None:
        self._registry, self._speed, self._seed = registry, speed, seed
        self._models = {(model.provider, model.api_name): model for model in reversed(list(registry.values()))}
        self._limits = {key: RateLimitHeaders(provider, speed) for key, provider in registry.providers.items()}

    def call(self, request: HttpRequest) -> ApiCall:
        """Return what a request is about."""
        path = unquote(request.path.partition("?")[0])
        provider, _, endpoint = path.strip("/").partition("/v1/")
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        return ApiCall(request.method, path, provider, endpoint, body, self._model(provider, _model_name(body)))

    def moves(self, call: ApiCall, fault: Fault | None, number: int, now_s: float) -> Moves:
        """Return what goes over the wire as the answer to a call, the simulator's request of that number."""
        try:
            moves = self._answer(call, fault, number, now_s)
        except BadRequestError as error:
            moves = json_moves(error_body(error.message, kind="invalid_request_error", param=error.param), 400)
        return _with_headers(moves, (("x-simulated", "true"), ("x-request-id", f"req-simulated-{number}")))

    def _model(self, provider: str, name: str) -> ModelInfo | None:
        found = self._models.get((provider, name)) or self._registry.get(name)
        return found if found is not None and found.provider == provider else None

    def _answer(self, call: ApiCall, fault: Fault | None, number: int, now_s: float) -> Moves:
        is_known = call.provider in self._registry.providers
        match call.method, call.endpoint:
            case "GET" | "HEAD", "" if call.provider == "health":
                return json_moves({"status": "ok", "simulated": True})
            case "GET", "models" if is_known:
                return json_moves(self._models_body(call.provider))
            case "POST", "chat/completions" if is_known:
                request = read_chat_request(call.body)
                if call.model is not None:
                    return self._chat(request, call.model, fault, number, now_s)
                return _unknown_model(request.model)
            case "POST", "decisions" if is_known:
                if call.model is not None:
                    return self._decisions(call.body, call.model, fault, number)
                return _unknown_model(_model_name(call.body))
            case "POST", "embeddings" if is_known:
                body = embeddings_body(call.body)
                return json_moves(body) if call.model is not None else _unknown_model(_model_name(call.body))
        message = f"Unknown request URL: {call.method} {call.path}."
        return json_moves(error_body(message, kind="invalid_request_error", code="unknown_url"), 404)

    def _models_body(self, provider: str) -> dict[str, Any]:
        names = [model.api_name for model in self._registry.values() if model.provider == provider]
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": provider} for name in names]
        return {"object": "list", "data": rows, "simulated": True}

    def _chat(self, request: ChatRequest, model: ModelInfo, fault: Fault | None, number: int, now_s: float) -> Moves:
        if fault is None and model.context_window is not None and request.input_tokens > model.context_window:
            return _overflow(model.context_window, request.input_tokens)
        completion = Completion(
            request=request,
            choices=answers(request, seed=self._seed, most_tokens=model.max_output_tokens),
            latency=self._latency(model),
            id=f"chatcmpl-simulated-{number}",
            created=int(time.time()),
        )
        moves = completion.moves() if fault is None else fault.moves(completion)
        return _with_headers(moves, self._limits[model.provider].after(completion.usage["total_tokens"], now_s))

    def _decisions(self, body: Any, model: ModelInfo, fault: Fault | None, number: int) -> Moves:
        request, questions = read_decision_request(body)
        completion = DecisionsCompletion(
            request=request,
            choices=words_for(request, questions),
            latency=self._latency(model),
            id=f"decision-simulated-{number}",
            created=int(time.time()),
            questions=questions,
        )
        return completion.moves() if fault is None else fault.moves(completion)

    def _latency(self, model: ModelInfo) -> Latency:
        """Return the catalogue's latency at this simulator's speed; what is unknown takes no time."""
        if math.isinf(self._speed):
            return Latency()
        per_token = 1.0 / model.tokens_per_s if model.tokens_per_s else 0.0
        return Latency((model.ttft_s or 0.0) / self._speed, per_token / self._speed)


def _model_name(body: Any) -> str:
    name = body.get("model") if isinstance(body, Mapping) else None
    return name if isinstance(name, str) else ""


def _unknown_model(name: str) -> Moves:
    message = f"The model `{name}` does not exist or you do not have access to it."
    return json_moves(error_body(message, kind="invalid_request_error", code="model_not_found"), 404)


def _overflow(window: int, tokens: int) -> Moves:
    message = (
        f"This model's maximum context length is {window} tokens. However, your messages resulted in {tokens} tokens. "
        "Please reduce the length of the messages."
    )
    body = error_body(message, kind="invalid_request_error", code="context_length_exceeded", param="messages")
    return json_moves(body, 400)


def _with_headers(moves: Moves, headers: tuple[tuple[str, str], ...]) -> Moves:
    return tuple(replace(move, headers=(*move.headers, *headers)) if isinstance(move, Head) else move for move in moves)
