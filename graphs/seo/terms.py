"""The terms of a text: which words and pairs of words it uses, and which of them matter most."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from graphs.seo.stop_words import STOP_WORDS

# Han, Hiragana, Katakana: written without spaces, so each character counts as one word.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W\d_{_CJK}](?:[^\W_{_CJK}]|['\-](?=[^\W\d_]))*")
_CJK_CHAR = re.compile(rf"[{_CJK}]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_BREAK = re.compile(r"[.,;:!?()\[\]{}\"“”«»|/\n\r\t•·…]+|\s[-\u2013\u2014]+\s|(?<![^\W_])\d+(?![^\W_])")
_MIN_CHARS, _MAX_CHARS = 3, 40
# What a mention in a place is worth, in mentions in the text: our judgement, so that the topic that
# a page announces ranks before words that it merely repeats.
_TITLE_WEIGHT, _HEADING_WEIGHT, _PAIR_WEIGHT = 4, 2, 2


def word_count(text: str) -> int:
    """Return the number of words: runs without a space that hold a letter or digit."""
    count = 0
    for run in text.split():
        ideographs = len(_CJK_CHAR.findall(run))
        count += ideographs + bool(_LETTER_OR_DIGIT.search(_CJK_CHAR.sub("", run)))
    return count


def terms(text: str) -> Counter[str]:
    """Return how often the text uses each term: words that are no stop words, and adjacent pairs of them."""
    counts: Counter[str] = Counter()
    for phrase in _phrases(text):
        counts.update(word for word in phrase if len(word) >= _MIN_CHARS)
        counts.update(_pair(*pair) for pair in pairwise(phrase))
    return counts


def keywords(text: str, *, title: str, headings: Iterable[str], limit: int) -> list[str]:
    """Return the terms that the page is about, the weightiest first; the same page gives the same list."""
    counts, in_title, in_headings = terms(text), terms(title), terms("\n".join(headings))
    mentions = counts + in_title + in_headings

    def weight(term: str) -> int:
        places = counts[term] + _TITLE_WEIGHT * in_title[term] + _HEADING_WEIGHT * in_headings[term]
        return places * (_PAIR_WEIGHT if " " in term else 1)

    def worth_it(term: str) -> bool:
        return mentions[term] >= 2 or (term in in_title and " " not in term)

    ranked = sorted(filter(worth_it, mentions), key=lambda term: (-weight(term), term))
    chosen: list[str] = []
    for term in ranked:
        if len(chosen) == limit:
            break
        if not _repeats(term, chosen, mentions):
            chosen.append(term)
    return chosen


def stem(term: str) -> str:
    """Return the term with the plural s of its words cut off, to compare terms by."""
    return " ".join(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
        for word in term.split()
    )


def _phrases(text: str) -> Iterator[list[str]]:
    """Yield the runs of content words that no stop word, digit or punctuation interrupts."""
    for segment in _BREAK.split(text.replace("\u2019", "'").lower()):
        run: list[str] = []
        for match in _WORD.finditer(segment):
            word = match[0].removesuffix("'s")
            if word in STOP_WORDS or len(word) > _MAX_CHARS:
                if run:
                    yield run
                run = []
            else:
                run.append(word)
        if run:
            yield run


def _pair(first: str, second: str) -> str:
    return first + second if _CJK_CHAR.match(first) and _CJK_CHAR.match(second) else f"{first} {second}"


def _repeats(term: str, chosen: list[str], mentions: Counter[str]) -> bool:
    """Whether a chosen term already says it: its plural, or a pair that holds most of its mentions."""
    if any(stem(term) == stem(other) for other in chosen):
        return True
    pairs = (other for other in chosen if " " in other and term in other.split())
    return any(mentions[pair] >= 0.7 * mentions[term] for pair in pairs)
