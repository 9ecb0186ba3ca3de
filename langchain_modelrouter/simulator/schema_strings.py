"""A string for one place of a JSON schema, taken from the prompt where the place's name or format says how."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_modelrouter.simulator.pattern_sample import sample_of
from langchain_modelrouter.simulator.prompt_text import PromptText

_FORMATS = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "simulated@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/simulated",
    "url": "https://example.com/simulated",
    "binary": "c2ltdWxhdGVk",
    "byte": "c2ltdWxhdGVk",
    "json-pointer": "/simulated",
    "regex": "simulated",
}
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_DIGITS = re.compile(r"^-?\d+(?:\.\d+)?$")
_ADDRESSES = re.compile(r"url|uri|link|website|href", re.IGNORECASE)
_WHOLE = re.compile(r"^(query|question|prompt|input|text|request|message|task|instructions?|__arg1)$", re.IGNORECASE)
_NAMES = re.compile(r"name|city|place|location|country|person|author|company|style|brand|product|topic", re.IGNORECASE)
_PROSE = re.compile(
    r"desc|summar|rationale|reason|explan|comment|analysis|answer|body|content|punchline|conclusion|note|report|advice",
    re.IGNORECASE,
)
_TITLES = re.compile(r"title|headline|subject", re.IGNORECASE)
_TERMS = re.compile(r"keyword|term|tag|topic|label|categor", re.IGNORECASE)
_PROSE_FORMS = (
    "Simulated: this is about {0}, {1} and {2}.",
    "Simulated: {0} comes up together with {1} and {2}.",
    "Simulated: the text speaks of {0} more than of {1} or {2}.",
    "Simulated: {0} and {1} belong together; {2} is the next step.",
)
_STEPS = re.compile(r"step|action|todo|recommendation", re.IGNORECASE)
_STEP_FORMS = (
    "Check {0} and {1}",
    "Write about {0} with {1}",
    "Compare {0} with {1}",
    "Add {0} to {1}",
    "Review {0}, {1} and {2}",
)
_PHRASE_FORMS = ("{0} and {1}", "{0} for {1}", "{0} with {1}", "More on {0} and {1}", "{0}, then {1}")


def string_value(
    schema: Mapping[str, Any], name: str, prompt: PromptText, used: Counter[str], index: int, *, is_listed: bool = False
) -> str:
    """Return a string for the property `name`: the first that fits of what the prompt offers.

    Args:
        used: how often each source has been drawn on in this answer; it is counted on.
        index: the number of the item, where the string is in an array.
        is_listed: whether it is in an array, so that one value of the prompt should not serve all items.
    """
    least, most = schema.get("minLength", 0), schema.get("maxLength", 4_000)
    offers = _offers(name, prompt, used, index, is_listed)
    if pattern := schema.get("pattern"):
        # A number in the prompt may be what a pattern of digits asks for.
        numbers = (f"{number:g}" for number in prompt.numbers)
        options = [*offers, *numbers, *prompt.salient, *_FORMATS.values()]
        sample = sample_of(pattern, (text for text in options if least <= len(text) <= most))
        return prompt.word(index) if sample is None else sample
    if (form := schema.get("format")) in _FORMATS:
        return _formatted(form, prompt, index)
    text = next(text for text in offers if text)
    while len(text) < least:
        text += f" {prompt.word(len(text))}"
    return text[:most]


def _offers(name: str, prompt: PromptText, used: Counter[str], index: int, is_listed: bool) -> Iterator[str]:
    """Yield texts for a property, the most fitting first; the last one always comes."""
    made_up = is_listed and (_PROSE.search(name) or _TITLES.search(name))
    labelled = prompt.labelled(name) if name and not made_up else ()
    yield from _unused(labelled, f"labelled {name}", used)
    if _ADDRESSES.search(name):
        yield from _turned(prompt.urls, index)
    if re.search("mail", name, re.IGNORECASE):
        yield from _turned(prompt.emails, index)
    if _WHOLE.search(name) and index == 0:
        yield " ".join(prompt.subject.split())[:300]
    if re.search(r"date|day", name, re.IGNORECASE):
        yield from _unused(_DATE.findall(prompt.subject), "date", used)
    if _TERMS.search(name):
        yield prompt.word(index).casefold()
    if not _PROSE.search(name) and not _STEPS.search(name):
        yield from _unused([text for text in prompt.quoted if not _DIGITS.match(text)], "quoted", used)
    if _NAMES.search(name):
        yield from _unused(prompt.proper_nouns, "proper", used)
    turn = 3 * used["words"]
    used["words"] += 1
    forms = _PROSE_FORMS if _PROSE.search(name) else _STEP_FORMS if _STEPS.search(name) else _PHRASE_FORMS
    words = (prompt.word(turn), prompt.word(turn + 1), prompt.word(turn + 2))
    text = forms[used["words"] % len(forms)].format(*words)
    yield text[0].upper() + text[1:]


def _unused(texts: Sequence[str], source: str, used: Counter[str]) -> Iterator[str]:
    """Yield the texts of a source that this answer has not drawn yet."""
    for text in texts[used[source] :]:
        used[source] += 1
        yield text[:300]


def _turned(texts: Sequence[str], index: int) -> Iterator[str]:
    """Yield a source's texts from the one of that index on, so that the items of an array differ."""
    if texts:
        turn = index % len(texts)
        yield from (*texts[turn:], *texts[:turn])


def _formatted(form: str, prompt: PromptText, index: int) -> str:
    sources = {"email": prompt.emails, "uri": prompt.urls, "url": prompt.urls, "date": _DATE.findall(prompt.subject)}
    return next(_turned(sources.get(form, ()), index), _FORMATS[form])
