"""What the local classifier reads in a request: words, the parts they play, and the shape of the text.

Case, greetings, closing politeness, final punctuation and most single typing errors are taken out before any
feature is made, so that they cannot change a decision. Only a head and a tail of a long text are read.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from operator import add
from sys import intern
from typing import Final, NamedTuple, TypeGuard

from langchain_modelrouter.routing.classifiers.lexicon import phrase_roles, word_roles
from langchain_modelrouter.routing.classifiers.shapes import shapes

HEAD_CHARS: Final = 1600
TAIL_CHARS: Final = 800
HEAD_TOKENS: Final = 48
TAIL_TOKENS: Final = 32
MAX_KNOWN: Final = 50_000
RECENT_YEAR: Final = "2023"
"""What has been since then, many models have to look up."""


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_TOKEN: Final = re.compile(
    r"[^\W\d_\u3040-\u30ff\u4e00-\u9fff]+(?:'[^\W\d_]+)?(?:\+\+|#)?|\d+(?:[.,:]\d+)*|[\u3040-\u30ff\u4e00-\u9fff]"
)
_ASCII_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?(?:\+\+|#)?|\d+(?:[.,:]\d+)*")
_OPENERS: Final = _words(
    "hi hello hey hiya howdy yo greetings dear good morning afternoon evening day there bot assistant sir madam"
    " friend everyone all ok okay so well um uh alexa siri olly google chatgpt gpt claude buddy dude mate please pls"
    " plz kindly thanks"
)
_CLOSERS: Final = _words(
    "please pls plz thanks thank thx ty you so much very in advance kindly a lot many cheers ta appreciated for"
    " your help"
)
_GREETING: Final = re.compile(
    r"\s*(?:(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|there|everyone|all)\b"
    r"[\s,.!]*)+"
)
_ENDINGS: Final = frozenset({"please", "pls", "plz", "thanks", "thank", "thx", "cheers", "kindly"})

NO_PART: Final = "@-"
NO_PARTS: Final = (NO_PART,)
UNKNOWN: Final = "*"
DIGITS: Final = frozenset("0123456789")

Name = str | tuple[str, str]
"""A word or cue, or two of them side by side."""

Feature = str | int
"""The same with a number for two of them, which is made and looked up faster; only its `Extractor` can read it."""

STRIDE: Final = 2_654_435_761
"""A pair is this many times the number of the first plus the number of the second. Any prime above all numbers would
do; this one, near 2**32 over the golden ratio, spreads the pairs well (Knuth, TAOCP 3, 6.4)."""


class Features(NamedTuple):
    """The features of one text in two groups, which are weighted apart."""

    words: list[Feature]
    cues: list[str]


class Known(NamedTuple):
    """What is known of a word: how it is counted, the parts that it can play, its pieces if it is unknown."""

    word: str
    first: int
    """Its number as the first of a pair."""
    second: int
    roles: tuple[str, ...]
    topics: tuple[str, ...]
    pieces: tuple[str, ...]
    role: str
    """The first of its roles, with a space before it."""
    first_part: int
    """The number of the first of its roles, or else of its topics, as the first of a pair."""
    second_part: int


NO_TEXT: Final[tuple[tuple[()], ...]] = ((),) * len(Known._fields)


class Extractor(dict[str, Known]):
    """Turns texts into features; a mapping from words to what is known of them, filled as words are met.

    Args:
        vocabulary: the words that the model counts; any other word is read as the nearest of them (one typing
            error away), or else by its letters.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        super().__init__()
        self._vocabulary = frozenset(vocabulary) | word_roles().keys()
        lexicon, others = sorted(word_roles()), sorted(self._vocabulary - word_roles().keys())
        to_mend = [*[word for word in lexicon if len(word) > 3], *[word for word in others if len(word) > 4]]
        self._near = {key: word for word in reversed(to_mend) for key in _deletions(word)}
        parts = {NO_PART, "@recent", "@year", *chain.from_iterable(word_roles().values())}
        names = {UNKNOWN, *DIGITS, *self._vocabulary, *parts, *[f"&{part}" for part in parts]}
        self._numbers = {name: number for number, name in enumerate(sorted(names))}
        self._parts = {part: (self._numbers[f"&{part}"] * STRIDE, self._numbers[part]) for part in parts}
        self._phrases = {self.feature(pair): role for pair, role in phrase_roles().items()}
        self.update({word: self._plain(word) for word in (*lexicon, *others)})

    def __missing__(self, token: str) -> Known:
        if len(self) >= MAX_KNOWN:
            self.clear()
        known = self[token] = self._look_up(token)
        return known

    def _look_up(self, token: str) -> Known:
        if token[0].isdigit():
            return self._known(token if token in DIGITS else "0", _role_of_number(token))
        if token not in self._vocabulary:
            token = self._mended(token)
        if token in self._vocabulary:
            return self._plain(token)
        return self._known(UNKNOWN, (), (), f"~{token[:3]}", f"~-{token[-3:]}")

    def _plain(self, token: str) -> Known:
        return self._known(token, *_roles_and_topics(word_roles().get(token, ())))

    def _known(self, word: str, roles: tuple[str, ...] = (), topics: tuple[str, ...] = (), *pieces: str) -> Known:
        number, parts = self._numbers[word], self._parts[(roles or topics or NO_PARTS)[0]]
        role = intern(f" {roles[0]}") if roles else " *"
        return Known(word, number * STRIDE, number, roles, topics, pieces, role, *parts)

    def feature(self, name: Name) -> Feature:
        """Return what stands for the name in the features of a text."""
        return name if isinstance(name, str) else self._number(name[0]) * STRIDE + self._number(name[1])

    def _number(self, name: str) -> int:
        """Return the number of a word or part; a new one for what no text is read as."""
        return self._numbers.setdefault(name, len(self._numbers))

    def names(self, features: Iterable[Feature]) -> list[Name]:
        """Return what the features of texts stand for."""
        names = list(self._numbers)
        return [
            feature if isinstance(feature, str) else (names[feature // STRIDE], names[feature % STRIDE])
            for feature in features
        ]

    def _mended(self, token: str) -> str:
        """Return the known word that is one slip away: a letter doubled, left out, swapped with the next or another."""
        if not 2 < len(token) < 20:
            return token
        shorter = _deletions(token)
        for i, word in enumerate(shorter):
            if word in self._vocabulary and (word is shorter[-1] or token[i - 1 : i] == token[i]):
                return word
        return self._near.get(token) or next(filter(None, map(self._near.get, shorter)), token)

    def __call__(self, text: str) -> Features:
        """Return the features of a text, in time that does not grow with a long one."""
        text = _window(text)
        if (hello := _GREETING.match(text)) and hello.end() < len(text):
            text = text[hello.end() :]
        tokens = _stripped(_tokens(text))
        length = len(tokens)
        if length > HEAD_TOKENS + TAIL_TOKENS:
            tokens = tokens[:HEAD_TOKENS] + tokens[-TAIL_TOKENS:]
        known = [self[token] for token in tokens]
        last = [self[token] for token in _last_sentence(text)]
        plain, firsts, seconds, found, subjects, pieces, _, first_parts, second_parts = (
            zip(*known, strict=True) if known else NO_TEXT
        )
        pairs, phrases = {*map(add, firsts, seconds[1:])}, self._phrases
        topics: dict[str, int] = {}
        for topic in chain.from_iterable(subjects):
            topics[topic] = topics.get(topic, 0) + 1
        roles = set(chain.from_iterable(found))
        roles.update([phrases[pair] for pair in phrases.keys() & pairs])
        roles.update(shapes(text, plain, length))
        words: list[Feature] = [*{*plain}, *pairs, *{*map(add, first_parts, second_parts[1:])}]
        words += chain.from_iterable(pieces)
        often = [f"{topic}+" for topic, count in topics.items() if count > 2]
        return Features(words, [*roles, *topics, *often, *_edges(known, last)])


def is_word(name: Name) -> TypeGuard[str]:
    """Is this a single word, and so part of a model's vocabulary?"""
    return isinstance(name, str) and name[0] not in "~@&^$%"


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are looked up, the part that is not read left out."""
    return _tokens(_window(text))


def _tokens(text: str) -> list[str]:
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def _window(text: str) -> str:
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        text = text[:HEAD_CHARS] + "\n" + text[-TAIL_CHARS:]
    return text.lower().replace("\u2019", "'")


@cache
def _roles_and_topics(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return both kinds of roles apart; words that play the same parts share them, which memory is faster with."""
    topics = tuple([name for name in names if name.startswith("@.")])
    return tuple([name for name in names if name not in topics]), topics


def _role_of_number(token: str) -> tuple[str, ...]:
    if len(token) != 4 or not token.startswith("20") or not token.isdigit():
        return ()
    return ("@recent",) if token >= RECENT_YEAR else ("@year",)


def _deletions(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _stripped(tokens: list[str]) -> list[str]:
    """Return the tokens without greeting at the start and thanks at the end, if anything is left."""
    start, end = 0, len(tokens)
    while start < end and tokens[start] in _OPENERS:
        start += 1
    if start == end:
        return tokens
    last = end
    while last > start and tokens[last - 1] in _CLOSERS:
        last -= 1
        if tokens[last] in _ENDINGS:
            end = last
    return tokens[start:end] or tokens


def _edges(known: Sequence[Known], last: Sequence[Known]) -> list[str]:
    """Return how the text begins and ends, and how its last sentence begins: as words, and as roles."""
    edges: list[str] = []
    for mark, edge in (("^", known[:5]), ("$", known[:-4:-1]), ("%", last)):
        words = roles = mark
        for item in edge:
            words += " " + item.word
            roles += item.role
            edges += words, roles
    for mark, edge in (("@^", known[:4]), ("@%", last[:3])):
        edges += {mark + item.roles[0] for item in edge if item.roles}
    return edges


def _last_sentence(text: str) -> list[str]:
    """Return the first words of the last sentence that says more than thanks; nothing if there is only one."""
    end = len(text) - 2
    for _ in range(2):
        end = max([text.rfind(mark, 0, end) for mark in (". ", "? ", "! ", "\n")])
        if end < 0:
            break
        lead = _tokens(text[end + 1 : end + 60])[:4]
        if not _CLOSERS.issuperset(lead):
            return lead
    return []
