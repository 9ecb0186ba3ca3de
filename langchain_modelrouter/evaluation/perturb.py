"""Harmless changes to a prompt, and how many decisions they change."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

GREETINGS: Final = ("Hi, ", "Hello! ", "Hey there, ", "Good morning, ", "hi there! ", "Hello, ")
THANKS: Final = (" Thanks!", " please", " Thank you very much.", " Thanks in advance!", ", please.", " thx")


@dataclass(frozen=True, slots=True)
class Robustness:
    """The share of decisions that one kind of change altered."""

    kind: str
    count: int
    changed: float


def lower_case(text: str, _: random.Random) -> str:
    """Return the text in small letters."""
    return text.lower()


def upper_case(text: str, _: random.Random) -> str:
    """Return the text in capitals."""
    return text.upper()


def typo(text: str, draw: random.Random) -> str:
    """Return the text with one typing error for each 60 characters: a letter lost, doubled or swapped with the next."""
    letters = list(text)
    inner = [i for i in range(1, len(letters) - 1) if letters[i].isalpha() and letters[i + 1].isalpha()]
    for i in draw.sample(inner, min(len(inner), 1 + len(text) // 60)):
        kind = draw.randrange(3)
        if kind == 0:
            letters[i] = ""
        elif kind == 1:
            letters[i] *= 2
        else:
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def greeting(text: str, draw: random.Random) -> str:
    """Return the text with a greeting before it."""
    return draw.choice(GREETINGS) + text


def politeness(text: str, draw: random.Random) -> str:
    """Return the text with thanks or a please after it."""
    return text.rstrip() + draw.choice(THANKS)


PERTURBATIONS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "lower_case": lower_case,
    "upper_case": upper_case,
    "typos": typo,
    "greeting": greeting,
    "politeness": politeness,
}


def robustness(texts: Sequence[str], classify: Callable[[str], str | None], *, seed: int = 0) -> tuple[Robustness, ...]:
    """Return, for each kind of change, the share of the texts on which `classify` then answers differently."""
    before = [classify(text) for text in texts]
    found = []
    for kind, change in PERTURBATIONS.items():
        draw = random.Random(f"{seed} {kind}")
        after = [classify(change(text, draw)) for text in texts]
        changed = sum(old != new for old, new in zip(before, after, strict=True))
        found.append(Robustness(kind, len(texts), changed / len(texts) if texts else 0.0))
    return tuple(found)
