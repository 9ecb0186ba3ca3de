"""How much a prompt needs a strong model: a linear score over features that a person can read.

The words of each category are ours (`data/difficulty.words.json`); the weights are trained on outcomes by
`langchain_modelrouter.evaluation.train_difficulty`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import exp, log
from operator import mul

HEAD_CHARS, TAIL_CHARS = 6000, 2000
"""What of a long prompt is read: its head and, where the question often stands, its tail."""

COUNTS = ("%", "$", "=", "\\", "^", "+", "?", "```", "{", "___", "Statement ", "II.")
KINDS = ("choice", "problem", "open")
"""What is weighed differently: questions with options, word problems and sums, everything else."""
SHAPES = (
    "length", "choice", "choice_length", "option_length", "sentences", "numbers", "distinct_numbers",
    "choice_numbers", "decimals", "large_numbers", "number_options", "long_words", "word_length", "formula",
    "choice_formula", "money_or_percent", "code_marks", "questions", "blank", "shouted_negation",
    "numbered_statements", "asks_number",
)  # fmt: skip
"""Features beside the categories of words, in the order of `features`."""

_WORD = re.compile(r"[a-z]{2,}")
_NUMBER = re.compile(r"\d+(?:[.,/:]\d+)*")
_FIRST_OPTION = re.compile(r"(?:^|\s)\(?A[.):]\)?\s")
_SECOND_OPTION = re.compile(r"\s\(?B[.):]\)?\s")
_ANSWERED = re.compile(r"\n\s*(?:Answer|A|Solution)\s*:[^\n]*\S[^\n]*\n\s*\n")
_HOW_MANY = re.compile(r"\bhow (?:many|much|far|long|old|tall|fast|big|heavy|high|deep|wide)\b")
_ASKS = re.compile(
    r"\bwh(?:at|ich|en)(?:'s| is| was| are| were| will| would| do| does| did| percent| fraction| number| distance"
    r"| speed| time| day| age| total)\b|\b(?:calculate|find|compute|determine|solve|evaluate|by how|at what|in what)\b"
)
_BOILERPLATE = re.compile(
    r"""^\s*(?:please\s)?(?:answer|read|solve|choose|select|consider)\b[^\n.:?]{0,60}
         \b(?:following|multiple|choice|question|problem)s?\b[^\n.:]{0,120}[.:\n]
      | ^\s*you\ are\ an?\ [^\n.]{0,80}assistant[^\n.]{0,80}[.\n]
      | \bcontext:\s*none\b
      | ^\s*(?:question|problem|instruction|input|user|human|q)\s*:
      | \n\s*(?:answer|solution|response|assistant|a)\s*:\s*$
      | \b(?:please\s)?(?:provide|give|put|return|write|state|end)\b[^\n]{0,60}
         \b(?:final\ answer|correct\ letter|correct\ answer|answer\ choice|boxed)[^\n]*
      | \bkeep\ (?:the|your)\ explanation[^\n]*
      | \b(?:let'?s\ |please\ )?think\ (?:through\ (?:this|it)\ )?step[\ -]by[\ -]step[^\n]{0,40}
      | \banswer\ with\ only[^\n.]{0,60}
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_MARK = re.compile(r"nswer|uestion|step by step|ollowing|None|oxed|ou are a|roblem:|nput:|Q:|uman:")


def difficulty(text: str) -> float:
    """Return how much the prompt needs a strong model, in [0, 1]: the higher, the more a weak one fails.

    Made for ranking prompts; where to cut is calibrated on the user's own (`evaluation.calibrate`).
    """
    kind, values = features(text)
    weights, intercept = _weights()[kind]
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, intercept + sum(map(mul, weights, values))))))


def feature_names() -> tuple[str, ...]:
    """Return the names of the values of `features`, in their order."""
    return (*SHAPES, *_categories()[1])


def features(text: str) -> tuple[str, list[float]]:
    """Return the kind of a prompt (one of `KINDS`), its shape and how much it uses the words of each category."""
    body = question(text)
    lowered = body.lower()
    words = _WORD.findall(lowered)
    numbers = _NUMBER.findall(body)
    categories, names = _categories()
    tally = [0] * len(names)
    for word in words:
        if word in categories:
            for index in categories[word]:
                tally[index] += 1
    first, options = _options(body)
    choice = 1.0 if options else 0.0
    percent, money, equals, backslash, power, plus, asked, fences, braces, blank, *numbered = map(body.count, COUNTS)
    size = len(words)
    length = log(1 + size + len(numbers))
    asks_number = "how " in lowered and _HOW_MANY.search(lowered) is not None
    formula = log(1 + equals + backslash + 2 * power + plus)
    count = log(1 + len(numbers) + tally[names["number_words"]])
    spelled = len("".join(words))
    shape = [
        length,
        choice,
        choice * length,
        log(1 + len(options)),
        log(1 + body.count(". ") + asked),
        count,
        log(1 + len(set(numbers))),
        choice * count,
        1.0 if "." in "".join(numbers) else 0.0,
        1.0 if len(max(numbers, key=len, default="")) > 3 else 0.0,
        1.0 if any(map(str.isdigit, first)) else 0.0,
        sum(map((8).__lt__, map(len, words))) / (5 + size),
        spelled / (1 + size),
        formula,
        choice * formula,
        log(1 + percent + money),
        log(1 + fences + braces),
        log(1 + asked),
        1.0 if blank else 0.0,
        1.0 if " NOT " in body or "EXCEPT" in body or "LEAST" in body else 0.0,
        min(2.0, sum(numbered)),
        1.0 if asks_number else 0.0,
    ]
    quantities = len(numbers) + tally[names["number_words"]] + tally[names["parts"]]
    problem = (
        not options and not fences and not braces and _is_problem(lowered, quantities, size, asks_number=asks_number)
    )
    kind = "choice" if options else "problem" if problem else "open"
    return kind, shape + [_LOGS[n] if n < 32 else _LOGS[31] for n in tally]


def _is_problem(lowered: str, quantities: int, words: int, *, asks_number: bool) -> bool:
    """Return whether a prompt asks for a number from numbers."""
    if quantities == 0 or quantities * 40 < words:
        return False
    if asks_number or (quantities > 3 and quantities * 20 >= words):
        return True
    return quantities > 1 and _ASKS.search(lowered) is not None


def _options(body: str) -> tuple[str, str]:
    """Return the first answer option and the rest of them; both empty where the prompt offers no choice."""
    if "B." not in body and "B)" not in body and "B:" not in body:
        return "", ""
    first = _FIRST_OPTION.search(body)
    second = first and _SECOND_OPTION.search(body, first.end() - 1)
    if not first or not second:
        return "", ""
    return body[first.end() : second.start()], body[second.end() :]


def question(text: str) -> str:
    """Return the prompt without benchmark instructions and solved examples, cut to what is read."""
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        text = text[:HEAD_CHARS] + "\n" + text[-TAIL_CHARS:]
    if _MARK.search(text) is None:
        return text
    if len(solved := list(_ANSWERED.finditer(text))) > 1:
        text = text.partition("\n")[0][:120] + "\n" + text[solved[-1].end() :]
    return _BOILERPLATE.sub(" ", text).strip() or text


_LOGS = tuple(log(1 + n) for n in range(32))


@cache
def _categories() -> tuple[Mapping[str, tuple[int, ...]], Mapping[str, int]]:
    """Return word -> places of its categories, with plurals added, and name -> place of each category."""
    table: Mapping[str, str] = json.loads(_data("difficulty.words.json"))
    found: dict[str, tuple[int, ...]] = {}
    for index, words in enumerate(table.values()):
        for stem in words.split():
            for word in {stem, stem + "s"} if len(stem) > 3 else {stem}:
                found[word] = (*(i for i in found.get(word, ()) if i != index), index)
    return found, {name: index for index, name in enumerate(table)}


@cache
def _weights() -> Mapping[str, tuple[Sequence[float], float]]:
    stored = json.loads(_data("difficulty.weights.json"))["kinds"]
    names = feature_names()
    return {
        kind: ([float(stored[kind]["weights"].get(name, 0.0)) for name in names], float(stored[kind]["intercept"]))
        for kind in KINDS
    }


def _data(name: str) -> str:
    return files(__package__).joinpath("data", name).read_text(encoding="utf-8")
