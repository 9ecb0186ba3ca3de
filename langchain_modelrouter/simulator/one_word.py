"""The answer to a prompt that asks for one word out of a list, as an LLM classifier does."""

import re

from langchain_modelrouter.simulator.prompt_text import PromptText, words_of

_ASKS = re.compile(
    r"\b(?:one|single|1)[ -](?:\w+ )?(?:word|label|category|class)\b"
    r"|\b(?:only|just) (?:with )?(?:the|one|a) (?:\w+ )?(?:category|label|class|name|word)\b"
    r"|\bexactly one of\b",
    re.IGNORECASE,
)
_OPTION = r"[\"'`*]{0,2}[A-Za-z][\w-]{1,30}[\"'`*]{0,2}"
_ROW = re.compile(rf"{_OPTION}(?:\s*(?:,\s*(?:or|and)\b|,|\||/|\bor\b)\s*{_OPTION})+")
_LINE = re.compile(rf"^\s*(?:[-*•]|\d+[.)])?\s*({_OPTION})\s*(?::|-|\u2013|\u2014|=)\s", re.MULTILINE)
_SIGNS = {
    "code": "code function bug debug refactor python javascript typescript rust java sql compile unit test regex api "
    "implement class stack trace script algorithm",
    "agent": "search tool browse web book send email schedule file call fetch monitor latest then",
    "reasoning": "prove proof solve equation integral derivative probability logic puzzle theorem calculate math step "
    "train physics derive",
    "general": "analyse analyze compare write essay summarize summarise explain strategy plan report discuss",
    "simple": "hi hello hey thanks capital hours price",
}
_SIGN_WORDS = {label: words_of(words) for label, words in _SIGNS.items()}
_SHORT = 12
"""Words up to which a request without any sign counts as simple."""


def one_word_answer(prompt: PromptText) -> str | None:
    """Return the word to answer with, or None where the prompt asks for no such thing."""
    asking = prompt.instructions if _ASKS.search(prompt.instructions) else prompt.subject
    if not _ASKS.search(asking):
        return None
    options, end = _options(asking)
    if not options:
        return None
    return option_for(options, asking[end:] if asking is prompt.subject else prompt.subject)


def _options(text: str) -> tuple[list[str], int]:
    """Return the words that a text offers, as lines or in a row, and where the last of them ends."""
    lines = list(_LINE.finditer(text))
    rows = [(re.findall(r"[A-Za-z][\w-]+", row[0]), row.end()) for row in _ROW.finditer(text)]
    found = [([word for word in words if word not in ("or", "and")], end) for words, end in rows]
    if len(lines) > 1:
        found.append(([line[1].strip("\"'`*") for line in lines], lines[-1].end()))
    return max(found, key=lambda row: len(row[0]), default=([], 0))


def option_for(options: list[str], text: str) -> str:
    """Return the option that the text names, or the one with most signs in it, or a modest one."""
    words = words_of(text)
    folded = {option.casefold(): option for option in options}
    for option in options:
        if option.casefold() in text.casefold().split():
            return option
    scored = [(len(words & signs), label) for label, signs in _SIGN_WORDS.items() if label in folded]
    most, label = max(scored, default=(0, ""))
    if most:
        return folded[label]
    modest = "simple" if len(text.split()) <= _SHORT else "general"
    return folded.get(modest, options[0])
