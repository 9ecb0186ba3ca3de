"""How answers vote: the longest, the majority over normalised text, or field by field."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

Selector = Callable[[Sequence[AIMessage]], AIMessage]
"""Picks one of the answers, or makes one from them; it is never given an empty list."""

_NOT_WORDS = re.compile(r"[^\w]+")


def longest(answers: Sequence[AIMessage]) -> AIMessage:
    """Return the answer with the most text; of equals, the first."""
    return max(answers, key=lambda answer: len(answer.text))


def majority(answers: Sequence[AIMessage]) -> AIMessage:
    """Return the first answer of the largest group that says the same, with the share that agrees.

    Two answers say the same when their texts are equal without case, punctuation and white space, and their
    tool calls have the same names and arguments.
    """
    votes = Counter(map(_said, answers))
    best = max(votes.values())
    winner = next(answer for answer in answers if votes[_said(answer)] == best)
    return _with_agreement(winner, {"answer": best / len(answers)})


def fields(answers: Sequence[AIMessage]) -> AIMessage:
    """Return an answer whose every field is what most answers say, with the agreement per field.

    For answers that are JSON objects, such as structured outputs, and for the arguments of tool calls. Only
    answers of the most common shape vote; answers of another kind go by `majority`.
    """
    kinds = Counter(map(_kind, answers))
    kind = next(k for k, count in kinds.most_common() if count == max(kinds.values()))
    alike = [answer for answer in answers if _kind(answer) == kind]
    if kind is None:
        return majority(answers)
    if kind == "json":
        vote = vote_fields([_json_object(answer) or {} for answer in alike])
        merged = alike[0].model_copy(update={"content": json.dumps(vote.value, ensure_ascii=False)})
        return _with_agreement(_without_parsed(merged), vote.agreement)
    calls, agreement = [], {}
    for index, call in enumerate(alike[0].tool_calls):
        vote = vote_fields([answer.tool_calls[index]["args"] for answer in alike])
        calls.append({**call, "args": vote.value})
        agreement.update({f"{call['name']}.{path}": share for path, share in vote.agreement.items()})
    return _with_agreement(alike[0].model_copy(update={"tool_calls": calls}), agreement)


SELECTORS: Mapping[str, Selector] = {"longest": longest, "majority": majority, "fields": fields}


@dataclass(frozen=True, slots=True)
class Vote:
    """What most say of each field, and which share of the voters says so."""

    value: dict[str, Any]
    agreement: dict[str, float]
    """Dotted path of the field to a share in (0, 1]; an absent field counts as a vote for absence."""


def vote_fields(ballots: Sequence[Mapping[str, Any]]) -> Vote:
    """Return the field-by-field majority; where votes are equal, the earlier ballot's value stands.

    Nested objects vote field by field, lists as a whole.
    """
    value: dict[str, Any] = {}
    agreement: dict[str, float] = {}
    for name in dict.fromkeys(name for ballot in ballots for name in ballot):
        given = [ballot.get(name, _ABSENT) for ballot in ballots]
        if all(isinstance(one, Mapping) for one in given):
            inner = vote_fields(given)
            value[name] = inner.value
            agreement.update({f"{name}.{path}": share for path, share in inner.agreement.items()})
            continue
        votes = Counter(map(_token, given))
        best = max(votes.values())
        winner = next(one for one in given if votes[_token(one)] == best)
        agreement[name] = best / len(ballots)
        if winner is not _ABSENT:
            value[name] = winner
    return Vote(value, agreement)


_ABSENT = object()


def _token(value: Any) -> str:
    if value is _ABSENT:
        return ""
    return _normal(value) if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _said(answer: AIMessage) -> str:
    calls = [(call["name"], call["args"]) for call in answer.tool_calls]
    return _normal(answer.text) + (json.dumps(calls, sort_keys=True, default=str) if calls else "")


def _normal(text: str) -> str:
    return _NOT_WORDS.sub(" ", text.casefold()).strip()


def _kind(answer: AIMessage) -> Any:
    if answer.tool_calls:
        return tuple(call["name"] for call in answer.tool_calls)
    return "json" if _json_object(answer) is not None else None


def _json_object(answer: AIMessage) -> dict[str, Any] | None:
    try:
        value = json.loads(answer.text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _without_parsed(answer: AIMessage) -> AIMessage:
    extra = {name: value for name, value in answer.additional_kwargs.items() if name != "parsed"}
    return answer.model_copy(update={"additional_kwargs": extra})


def _with_agreement(answer: AIMessage, agreement: Mapping[str, float]) -> AIMessage:
    shares = {path: round(share, 4) for path, share in agreement.items()}
    return answer.model_copy(update={"response_metadata": {**answer.response_metadata, "agreement": shares}})
