"""The built-in classifier: no model is asked, nothing leaves the process, some tens of microseconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from langchain_modelrouter.routing.classification import Classification
from langchain_modelrouter.routing.classifiers.text_model import TextModel, softmax
from langchain_modelrouter.routing.request import RouteRequest

LONG_SYSTEM_CHARS: Final = 2000
FOLLOW_UP_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class LocalClassifier:
    """Classifies by calibrated log-odds from the text, moved by what else the request carries.

    Args:
        weights: a file written by `modelrouter train`; None for the built-in one over simple, general,
            reasoning, code and agent.
    """

    weights: Path | None = None
    name: str = "local"

    def __call__(self, request: RouteRequest) -> Classification | None:
        """Return the task with its probability, or None where there is no text."""
        if not request.text or request.text.isspace():
            return None
        model = load(self.weights)
        logits = model.logits(request.text)
        if request.turn > 1 and len(request.text) <= FOLLOW_UP_CHARS:
            logits = [value / 2 for value in logits]  # "and in Python?" says little on its own
        for label, nudge in _nudges(request):
            if label in model.labels:
                logits[model.labels.index(label)] += nudge
        probabilities = dict(zip(model.labels, softmax(logits), strict=True))
        task = max(probabilities, key=probabilities.__getitem__)
        return Classification(task, probabilities[task], MappingProxyType(probabilities))


@cache
def load(path: Path | None = None) -> TextModel:
    """Return the model of a file, read once.

    Raises:
        NotAModelError: the file holds something else.
        OSError: the file cannot be read.
    """
    source = files(__package__).joinpath("data", "local.weights") if path is None else path
    return TextModel.from_bytes(source.read_bytes())


def _nudges(request: RouteRequest) -> Iterable[tuple[str, float]]:
    """Yield what attachments add to the log-odds of a label.

    The sizes are our own judgement, none of the training texts has attachments: 1.5 turns a doubtful case,
    not a clear one; 3 decides unless the text speaks plainly against it.
    """
    if request.last_message_type == "tool":
        yield "agent", 3.0
    elif request.tool_names:
        yield "agent", 3.0 if _names_a_tool(request) else 1.5
    if request.has_images:
        yield "simple", -1.5
        yield "general", 0.5
    if request.has_schema:
        yield "simple", -1.5
    if len(request.system) > LONG_SYSTEM_CHARS:
        yield "simple", -0.5


def _names_a_tool(request: RouteRequest) -> bool:
    """Is a word of four letters or more shared by the text and the name of a tool (`get_weather`)?"""
    text = request.text[:LONG_SYSTEM_CHARS].lower()
    names = " ".join(request.tool_names).lower().replace("_", " ").replace("-", " ")
    return any(len(word) > 3 and word in text for word in names.split())
