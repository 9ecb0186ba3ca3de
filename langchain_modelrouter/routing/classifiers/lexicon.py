"""Words by the part they play in a request: what is asked for, of what, where it must come from.

They let a linear model see "play" + "song" in a pair of words that it never met in training. The lists are in
`data/lexicon.txt`: a role in brackets, then its words; two words joined by an underscore are a phrase.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files


@cache
def word_roles() -> dict[str, tuple[str, ...]]:
    """Return the roles of each word; a role begins with `@`."""
    roles: dict[str, list[str]] = {}
    for role, entry in _entries():
        if "_" not in entry:
            roles.setdefault(entry, []).append(f"@{role}")
    return {word: tuple(names) for word, names in roles.items()}


@cache
def phrase_roles() -> dict[tuple[str, str], str]:
    """Return the role of each pair of words; such a role begins with `@_`."""
    found: dict[tuple[str, str], str] = {}
    for role, entry in _entries():
        first, joint, second = entry.partition("_")
        if joint:
            found[first, second] = f"@_{role}"
    return found


def _entries() -> Iterator[tuple[str, str]]:
    role = ""
    text = files(__package__).joinpath("data", "lexicon.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            role = line.strip("[]")
        elif not line.startswith("#"):
            yield from ((role, entry) for entry in line.split())
