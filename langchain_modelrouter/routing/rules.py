"""Rules: named conditions with a priority that set the task or the model."""

import re
from collections.abc import Iterable
from functools import cache

from langchain_modelrouter.routing.classifiers.difficulty import difficulty
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import RuleConfig, RuleWhen


def by_priority(rules: Iterable[RuleConfig]) -> tuple[RuleConfig, ...]:
    """Return the rules in the order in which they are asked: highest priority first, then as written."""
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def first_match(rules: Iterable[RuleConfig], request: RouteRequest) -> RuleConfig | None:
    """Return the first of `rules`, already in order, whose conditions all hold; None where none does."""
    return next((rule for rule in rules if holds(rule.when, request)), None)


def holds(when: RuleWhen, request: RouteRequest) -> bool:
    """Return whether all conditions that are given hold for `request`."""
    words = _word_count(request.text) if when.min_words is not None or when.max_words is not None else 0
    return (
        _is(when.has_images, request.has_images)
        and _is(when.has_tools, request.has_tools)
        and _is(when.has_schema, request.has_schema)
        and when.last_message in (None, request.last_message_type)
        and _within(request.input_tokens, when.min_input_tokens, when.max_input_tokens)
        and _within(request.turn, when.min_turn, None)
        and _within(words, when.min_words, when.max_words)
        and when.tags <= request.tags
        and all(request.metadata.get(key) == value for key, value in when.metadata.items())
        and _is_as_hard(when, request)
        and (not when.keywords or _pattern(when.keywords).search(request.text) is not None)
    )


def _is_as_hard(when: RuleWhen, request: RouteRequest) -> bool:
    """Judge the difficulty only where a rule asks for it."""
    low, high = when.min_difficulty, when.max_difficulty
    return (low is None and high is None) or (low or 0.0) <= difficulty(request.text) <= (1.0 if high is None else high)


def _is(wanted: bool | None, given: bool) -> bool:
    return wanted is None or wanted is given


def _within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _word_count(text: str) -> int:
    return len(text.split())


@cache
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the keywords as whole words in any case; inner white space matches any run of it."""
    alternatives = "|".join(r"\s+".join(map(re.escape, keyword.split())) for keyword in keywords)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
