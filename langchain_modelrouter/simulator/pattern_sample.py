"""A text that fits a regular expression, for JSON schemas with a `pattern`: best effort."""

import re
from collections.abc import Iterable

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CLOSE = {"t": "\t", "n": "\n"}


def sample_of(pattern: str, candidates: Iterable[str]) -> str | None:
    """Return the first candidate that fits `pattern`, else a made-up text, else None."""
    try:
        compiled = re.compile(pattern)
        made_up = _sequence(pattern, 0)[0]
    except (re.error, IndexError, ValueError):
        return None
    return next((text for text in (*candidates, made_up) if compiled.search(text)), None)


def _sequence(pattern: str, at: int) -> tuple[str, int]:
    """Return a text for the alternatives from `at` on (the first one) and where their group ends."""
    made, taken = "", False
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            taken, at = True, at + 1
            continue
        atom, at = _atom(pattern, at)
        times, at = _times(pattern, at)
        if not taken:
            made += atom * times
    return made, at


def _atom(pattern: str, at: int) -> tuple[str, int]:
    match char := pattern[at]:
        case "^" | "$":
            return "", at + 1
        case ".":
            return "a", at + 1
        case "\\":
            escaped = pattern[at + 1]
            return ("" if escaped in "bBAZ" else _CLASSES.get(escaped, _CLOSE.get(escaped, escaped))), at + 2
        case "[":
            return _one_of(pattern, at + 1)
        case "(":
            opened = re.compile(r"\((?:\?(?::|P?<\w+>|[=!]|<[=!]))?").match(pattern, at)
            assert opened is not None
            made, end = _sequence(pattern, opened.end())
            return ("" if opened[0].endswith(("=", "!")) else made), end + 1
    return char, at + 1


def _one_of(pattern: str, at: int) -> tuple[str, int]:
    """Return a character of the set that opens before `at`, and where it ends."""
    end = at + 1 + (pattern[at] == "^")
    while pattern[end] != "]" or pattern[end - 1] == "\\":
        end += 1
    allowed = re.compile(pattern[at - 1 : end + 1])
    return next((char for char in "a0A_- .:/+@#%,;!?é" if allowed.match(char)), ""), end + 1


def _times(pattern: str, at: int) -> tuple[int, int]:
    """Return how often the atom before `at` is repeated, at least, and where that is said to the end."""
    counted = re.compile(r"([*+?])[?+]?|\{(\d+)(?:,\d*)?\}\??").match(pattern, at)
    if counted is None:
        return 1, at
    times = {"*": 0, "+": 1, "?": 0}[counted[1]] if counted[1] else int(counted[2])
    return times, counted.end()
