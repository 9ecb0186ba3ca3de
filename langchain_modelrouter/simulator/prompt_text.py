"""What a prompt is about, as far as counting words can tell: the stuff that simulated answers are made of."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_WORD = re.compile(r"[^\W\d_][\w'\u2019-]*[^\W_]|[^\W\d_]")
_URL = re.compile(r"https?://[^\s<>\"')\]}]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_JSON_KEY = re.compile(r'"\w+"\s*:')
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"(?<!\w)(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|“([^”\n]{1,200})”)(?!\w)")
_PROPER = re.compile(r"(?<![.!?:\n] )(?<!^)\b[A-Z][\w'\u2019-]+(?:(?:,)? [A-Z][\w'\u2019-]*)*", re.MULTILINE)
_STOP_WORDS = """
a about after all also an and any are as at be because been before being between both but by can could did do
does doing down during each few for from further had has have having he her here hers him his how i if in into
is it its just me more most must my no nor not now of off on once only or other our out over own please same she
should so some such than that the their them then there these they this those through to too under until up us
use using very was we were what when where which while who whom why will with would you your answer reply
respond return result give make tell write output json schema keys key field fields value values nothing
following text word words one two three list name true false null none system user assistant http https www com
org html page data content item items
"""
_MOST_CHARS = 50_000
"""What is further back in a prompt is not looked at, so that an answer takes milliseconds."""
_FILLERS = ["this prompt", "its few words", "what it asks"]
"""Take the place of salient words where a prompt has fewer than three."""
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class PromptText:
    """The text of a request: `subject` is what it is about, `instructions` is all the rest."""

    subject: str
    instructions: str = ""
    images: int = 0
    offset: int = 0
    """Turns the order of the salient words, so that seeds and choices differ."""

    @cached_property
    def salient(self) -> tuple[str, ...]:
        """The words that say most, the most frequent first; never empty."""
        folded: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for word in _WORD.findall(_JSON_KEY.sub(" ", _URL.sub(" ", self.subject))):
            key = word.casefold()
            if (len(key) > 2 or not key.isascii()) and key not in _STOP:
                folded.setdefault(key, word)
                counts[key] += 1
        words = [folded[key] for key, _ in counts.most_common(40)]
        words += _FILLERS[len(words) :]
        turn = self.offset % len(words)
        return (*words[turn:], *words[:turn])

    def word(self, number: int) -> str:
        """Return the salient word of that number, from the start again after the last one."""
        return self.salient[number % len(self.salient)]

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the subject, each once, in order."""
        return tuple(dict.fromkeys(url.rstrip(".,;:") for url in _URL.findall(self.subject)))

    @cached_property
    def emails(self) -> tuple[str, ...]:
        """The e-mail addresses of the subject."""
        return tuple(dict.fromkeys(_EMAIL.findall(self.subject)))

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of the subject, in order."""
        return tuple(float(number) for number in _NUMBER.findall(_URL.sub(" ", self.subject)))

    @cached_property
    def quoted(self) -> tuple[str, ...]:
        """What stands in quotes in the subject; nothing where that holds JSON, in which quotes mean nothing."""
        if _JSON_KEY.search(self.subject):
            return ()
        return tuple(next(filter(None, groups)) for groups in _QUOTED.findall(self.subject))

    @cached_property
    def proper_nouns(self) -> tuple[str, ...]:
        """Capitalised phrases that do not open a sentence."""
        return tuple(dict.fromkeys(phrase.strip(" ,") for phrase in _PROPER.findall(self.subject)))

    def labelled(self, name: str) -> tuple[str, ...]:
        """Return what the subject gives as `name: value` or `name = value`, in order."""
        label = re.sub(r"[_\s-]+", r"[_\\s-]*", re.escape(name).replace("\\_", "_").replace("\\-", "-"))
        found = re.findall(
            rf"(?im)(?<!\w)[\"']?{label}[\"']?\s*(?:[:=]|\bis\b)\s*(?:\"([^\"\n]+)\"|'([^'\n]+)'|((?:(?!\.\s)[^\n,;{{\[])+))",
            self.subject,
        )
        return tuple(value for groups in found if (value := next(filter(None, groups)).strip(" .\"'")))


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text, folded, with plural and verb endings cut, without stop words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", text).casefold().split()
    return frozenset(re.sub(r"(?<=\w{3})(?:ing|ed|es|s|e)$", "", word) for word in split if word not in _STOP)


def text_of(content: Any) -> str:
    """Return the text of a message's content, whether a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
    return "\n".join(part for part in parts if isinstance(part, str))


def images_of(content: Any) -> int:
    """Return how many images a message's content holds."""
    if not isinstance(content, Sequence) or isinstance(content, str):
        return 0
    return sum(isinstance(part, Mapping) and part.get("type") in ("image_url", "image") for part in content)


def prompt_text(messages: Iterable[Mapping[str, Any]], *, offset: int = 0) -> PromptText:
    """Return the text of a conversation: the last user message is its subject, or all of it without one."""
    messages = list(messages)
    turns = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    last = turns[-1] if turns else len(messages)
    subject = text_of(messages[last].get("content")) if turns else ""
    rest = "\n".join(text_of(message.get("content")) for message in messages[:last])
    return PromptText(
        subject=(subject or rest)[:_MOST_CHARS],
        instructions=rest[:_MOST_CHARS],
        images=sum(images_of(message.get("content")) for message in messages),
        offset=offset,
    )
