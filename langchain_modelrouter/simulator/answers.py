"""What a simulated model answers: a pure function of the request. It proves wiring, never intelligence."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from langchain_modelrouter.simulator.chat_request import ChatRequest, tokens_of
from langchain_modelrouter.simulator.one_word import one_word_answer
from langchain_modelrouter.simulator.prompt_text import PromptText, prompt_text, text_of
from langchain_modelrouter.simulator.schema_values import schema_value
from langchain_modelrouter.simulator.tool_choice import ToolCall, tool_calls

_LIST = re.compile(
    r"(?i)\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\s+(?:[\w-]+\s+){0,2}?"
    r"(?:bullet|point|quer|question|item|idea|step|line|tip|reason|example)"
)
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_JSON_KEYS = re.compile(r"(?i)['\"`]([a-z_]\w*)['\"`]")
_JSON_ASKED = re.compile(r"\bJSON\b")
_SENTENCES = (
    "It is mostly about {0}, {1} and {2}.",
    "A real model would go into {0} and how it bears on {1} here.",
    "The words {0}, {1} and {2} stand out in the prompt.",
    "Between {0} and {1} there is more to say than a simulator can.",
    "Last comes {0}, after {1} and {2}.",
)
_TOKENS_PER_SENTENCE = 40
"""Input tokens for which a simulated text gets one more sentence, up to a handful."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One choice of a completion."""

    content: str | None = None
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    finish_reason: str | None = "stop"

    @property
    def output_tokens(self) -> int:
        """The estimated size of the answer, at least one token."""
        texts = [self.content or "", self.refusal or "", *(call.name + call.arguments for call in self.calls)]
        return max(1, sum(tokens_of(text) for text in texts))


def answers(request: ChatRequest, *, seed: int = 0, most_tokens: int | None = None) -> tuple[Answer, ...]:
    """Return the `n` choices of a completion; the same request and seed give the same ones.

    Args:
        most_tokens: the model's own limit of output tokens, for requests that set none or a larger one.
    """
    limits = [limit for limit in (request.max_tokens, most_tokens) if limit]
    return tuple(
        _cut(
            _answer(request, prompt_text(request.messages, offset=seed + request.seed + number)),
            request,
            min(limits, default=None),
        )
        for number in range(request.n)
    )


def _answer(request: ChatRequest, prompt: PromptText) -> Answer:
    if calls := tool_calls(request, prompt):
        return Answer(calls=calls, finish_reason="tool_calls")
    if request.json_schema is not None:
        return Answer(_json(schema_value(request.json_schema, prompt)))
    schema = _schema_in(prompt)
    if schema is not None:
        return Answer(_json(schema_value(schema, prompt)))
    if request.json_mode:
        return Answer(_json(_free_json(prompt)))
    if (word := one_word_answer(prompt)) is not None:
        return Answer(word)
    if request.messages[-1].get("role") == "tool":
        return Answer(_text_after_tools(request))
    return Answer(_text(request, prompt))


def _cut(answer: Answer, request: ChatRequest, most_tokens: int | None) -> Answer:
    """Return the answer ended at the first stop sequence and at the token limit, as a provider does."""
    if answer.content is None:
        return answer
    text = answer.content
    stops = [at for stop in request.stop if (at := text.find(stop)) >= 0]
    if stops:
        text = text[: min(stops)]
    if most_tokens is not None and tokens_of(text) > most_tokens:
        return replace(answer, content=text[: most_tokens * 4], finish_reason="length")
    return replace(answer, content=text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _schema_in(prompt: PromptText) -> dict[str, Any] | None:
    """Return the last JSON schema that a prompt shows: output parsers put it there, after an example of one."""
    for text in (prompt.subject, prompt.instructions):
        found: dict[str, Any] | None = None
        at = text.find("{") if _JSON_ASKED.search(text) else -1
        while at >= 0:
            try:
                value, end = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                value, end = None, at + 1
            if isinstance(value, dict) and isinstance(value.get("properties"), dict) and "required" in value:
                found = value
            at = text.find("{", end)
        if found is not None:
            return found
    return None


def _free_json(prompt: PromptText) -> dict[str, Any]:
    """Return an object with the keys that the prompt puts in quotes, else with an answer."""
    named = list(dict.fromkeys(_JSON_KEYS.findall(f"{prompt.instructions}\n{prompt.subject}")))[:20]
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in named or ["answer"]}}
    return dict(schema_value(schema, prompt))


def _text_after_tools(request: ChatRequest) -> str:
    """Return a text that passes on what the tools since the last user message have said."""
    results: list[str] = []
    for message in reversed(request.messages):
        if message.get("role") == "user":
            break
        if message.get("role") == "tool":
            results.insert(0, " ".join(text_of(message.get("content")).split())[:400])
    return f"This is a simulated answer of {request.model}. The tools said: {'; '.join(results)}"


def _text(request: ChatRequest, prompt: PromptText) -> str:
    opening = f"This is a simulated answer of {request.model}."
    if prompt.images:
        opening += f" It was sent {prompt.images} image{'s' * (prompt.images > 1)}, which it cannot see."
    listed = _LIST.search(prompt.subject)
    if listed:
        said = listed[1].casefold()
        count = _NUMBERS.index(said) + 2 if said in _NUMBERS else min(int(said), 20)
        rows = (f"- {prompt.word(2 * row)} and {prompt.word(2 * row + 1)}" for row in range(count))
        return "\n".join([opening, *rows])
    sentences = min(len(_SENTENCES), 1 + request.input_tokens // _TOKENS_PER_SENTENCE)
    texts = (
        _SENTENCES[number].format(*(prompt.word(3 * number + word) for word in range(3))) for number in range(sentences)
    )
    return " ".join([opening, *texts])
