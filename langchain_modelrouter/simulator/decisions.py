"""Answers to the questions of OpenAI's Decisions API: choices and scores with probabilities, from the input's words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_modelrouter.simulator.answers import Answer
from langchain_modelrouter.simulator.chat_request import BadRequestError, ChatRequest
from langchain_modelrouter.simulator.one_word import option_for
from langchain_modelrouter.simulator.prompt_text import text_of
from langchain_modelrouter.simulator.wire import Completion, Moves, Wait, json_moves

LIKELY = 0.8
"""The probability of what is chosen; the others share the rest."""

Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionsCompletion(Completion):
    """The answers to one request, a word to each question, ready to be put into JSON."""

    questions: tuple[Question, ...] = ()

    def moves(self) -> Moves:
        """Return the moves of the answer, which is never streamed."""
        answers = [_answer(question, said) for question, said in zip(self.questions, self.choices, strict=True)]
        body: dict[str, Any] = {"id": self.id, "object": "decision", "created": self.created, "answers": answers}
        body |= {"model": self.request.model, "simulated": True}
        usage = self.usage
        if self.has_usage:
            body["usage"] = {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}
        seconds = self.latency.ttft_s + self.latency.s_per_token * usage["completion_tokens"]
        return (Wait(seconds), *json_moves(body))


def read_decision_request(body: Any) -> tuple[ChatRequest, tuple[Question, ...]]:
    """Return the text of a request, as a chat would bring it, and the questions.

    Raises:
        BadRequestError: there is no input, no question, or one without options.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("model"), str):
        raise BadRequestError("model: a name is needed", "model")
    given, questions = body.get("input"), body.get("questions")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(messages, list) or not messages or not all(isinstance(one, Mapping) for one in messages):
        raise BadRequestError("input: a text or an array of user messages is needed", "input")
    if not isinstance(questions, list) or not questions or not all(map(_is_question, questions)):
        raise BadRequestError("questions: an array of questions with options is needed", "questions")
    return ChatRequest(body["model"], tuple(messages), tools=tuple(questions)), tuple(questions)


def words_for(request: ChatRequest, questions: Sequence[Question]) -> tuple[Answer, ...]:
    """Return the word that answers each question."""
    text = "\n".join(text_of(message.get("content")) for message in request.messages)
    return tuple(Answer(option_for(list(_options(question)), text), finish_reason="stop") for question in questions)


def _is_question(question: Any) -> bool:
    try:
        return isinstance(question["name"], str) and bool(_options(question))
    except (KeyError, TypeError):
        return False


def _options(question: Question) -> dict[str, Any]:
    """Return the words that may answer a question, with the values that they stand for."""
    match question["type"]:
        case "choice":
            return {str(choice["value"]): choice["value"] for choice in question["choices"]}
        case "score":
            return {str(level["label"]): number for number, level in enumerate(question["levels"])}
        case "predicate":
            return {"yes": True, "no": False}
    return {}


def _answer(question: Question, said: Answer) -> dict[str, Any]:
    answer: dict[str, Any] = {"name": question["name"], "type": question["type"]}
    if said.refusal is not None:
        return {**answer, "type": "refusal"}
    options = _options(question)
    shares = {word: (1 - LIKELY) / max(1, len(options) - 1) for word in options}
    chosen = said.content if said.content in options else next(iter(options))
    shares[chosen] = LIKELY if len(options) > 1 else 1.0
    if question["type"] == "predicate":
        return {**answer, "probability": shares["yes"]}
    certainty = _certainty(list(shares.values()))
    rows = [{"value": options[word], "probability": share} for word, share in shares.items()]
    if question["type"] == "choice":
        return {**answer, "choice": options[chosen], "probabilities": rows, "confidence": certainty}
    levels = [{**row, "label": word} for row, word in zip(rows, shares, strict=True)]
    score = sum(row["value"] * row["probability"] for row in rows)
    return {**answer, "score": score, "probabilities": levels, "confidence": certainty}


def _certainty(shares: Sequence[float]) -> float:
    """Return how concentrated a distribution is, in [0, 1]: one less its entropy, relative to the most possible.

    Source of the entropy: C. E. Shannon, "A Mathematical Theory of Communication", 1948.
    """
    if len(shares) < 2:
        return 1.0
    return 1.0 + sum(share * math.log(share) for share in shares if share) / math.log(len(shares))
