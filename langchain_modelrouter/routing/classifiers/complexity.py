"""Rules of thumb on length and a few words: what published sketches of model routing use.

Kept for comparison and for those who want a rule that they can read: keyword lists are right on about
half of real requests, and the confidence says so.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from langchain_modelrouter.routing.classification import Classification
from langchain_modelrouter.routing.request import RouteRequest

CONFIDENCE: Final = 0.48
"""Accuracy of keyword rules on unseen sources (issue 5, item 1)."""
COMPLEX_WORDS: Final = 100
SHORT_WORDS: Final = 10

_CODE: Final = re.compile(
    r"```|\b(?:code|function|class|debug|bug|implement|python|java(?:script)?|sql|regex|api|script|compile|refactor)\b",
    re.IGNORECASE,
)
_COMPLEX: Final = re.compile(
    r"\b(?:analy[sz]e|compare|evaluate|critique|step by step|explain why|pros and cons|trade-?offs?)\b",
    re.IGNORECASE,
)
_SIMPLE: Final = re.compile(r"\b(?:what is|define|translate|summari[sz]e)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ComplexityClassifier:
    """Code words, then signs of a complex request, then signs of a simple one; the rest is general.

    Source: the complexity heuristics of the "multi-model orchestration" article, in which short requests and
    "what is / define / translate / summarize" are simple; "analyze / compare / ..." or over 100 words are complex.
    """

    simple: str = "simple"
    other: str = "general"
    complex: str = "reasoning"
    code: str = "code"
    name: str = "complexity"

    def __call__(self, request: RouteRequest) -> Classification | None:
        """Return the task, or None where there is no text."""
        words = len(request.text.split(None, COMPLEX_WORDS + 1))
        if not words:
            return None
        head = request.text[:4000]
        if _CODE.search(head):
            task = self.code
        elif words > COMPLEX_WORDS or _COMPLEX.search(head):
            task = self.complex
        elif words <= SHORT_WORDS or _SIMPLE.search(head):
            task = self.simple
        else:
            task = self.other
        names = dict.fromkeys((self.simple, self.other, self.complex, self.code))
        rest = (1 - CONFIDENCE) / (len(names) - 1) if len(names) > 1 else 0.0
        odds = {name: CONFIDENCE if name == task else rest for name in names}
        return Classification(task, odds[task], MappingProxyType(odds))
