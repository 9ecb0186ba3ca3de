"""The terms of a text: which words and pairs of words it uses, and which of them matter most."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    """Return the terms that the page is about, the weightiest first; the same page gives the same list.

    Singular and plural count as one term, shown as the page mostly writes it.
    """
    counts, in_title, in_headings = terms(text), terms(title), terms("\n".join(headings))
    mentions = counts + in_title + in_headings
    written: dict[str, list[str]] = {}
    for term in sorted(mentions, key=lambda term: (-mentions[term], term)):
        written.setdefault(stem(term), []).append(term)

    def of_stem(places: Counter[str], key: str) -> int:
        return sum(places[term] for term in written[key])

    def weight(key: str) -> int:
        announced = _TITLE_WEIGHT * of_stem(in_title, key) + _HEADING_WEIGHT * of_stem(in_headings, key)
        return (of_stem(counts, key) + announced) * (_PAIR_WEIGHT if " " in key else 1)

    total = {key: of_stem(mentions, key) for key in written}
    worth_it = [key for key in written if total[key] >= 2 or (" " not in key and of_stem(in_title, key))]
    chosen: list[str] = []
    for key in sorted(worth_it, key=lambda key: (-weight(key), key)):
        if len(chosen) < limit and not _is_said_by_a_pair(key, chosen, total):
            chosen.append(key)
    return [written[key][0] for key in chosen]


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


def _is_said_by_a_pair(key: str, chosen: list[str], total: Mapping[str, int]) -> bool:
    """Whether most mentions of the word are in a pair that is chosen already."""
    pairs = (other for other in chosen if " " in other and key in other.split())
    return any(total[pair] >= 0.7 * total[key] for pair in pairs)
