"""What goes into a strategy, and what comes out of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.routing.request import NOTHING


@dataclass(frozen=True, slots=True)
class Signals:
    """A frozen snapshot of what is known about a model just now."""

    resting_s: float = 0.0
    """Seconds until it may be asked again; 0 when it is not resting."""
    in_flight: int = 0
    latency_s: float | None = None
    """Median of recent answers, in seconds."""
    ttft_s: float | None = None
    """Median of recent times to the first token, in seconds."""
    tokens_per_s: float | None = None
    failure_ratio: float = 0.0
    headroom: float = 1.0
    """The share of the provider's rate limit that is left, in [0, 1]."""
    unavailable: str | None = None
    """Why it cannot be asked at all: no key, a credential that is out, a model that the provider does not know."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An eligible model with its place in the preset's order and a snapshot of its signals."""

    model: ModelInfo
    position: int = 0
    """0 for the preset's first choice; fallbacks follow in the configured order."""
    signals: Signals = field(default_factory=Signals)
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The models for one request, best first, and why. Replayable: the same input gives the same decision."""

    ranked: tuple[ModelInfo, ...]
    strategy: str
    reason: str
    task: str = ""
    task_source: str = "default"
    """`explicit`, `rule:<name>`, `classifier:<name>` or `default`."""
    confidence: float | None = None
    """The classifier's, in [0, 1]; None where no classifier was asked."""
    preset: str = ""
    refused: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Model key to the reason why it cannot serve this request."""
    difficulty: float | None = None
    notes: tuple[str, ...] = ()
    """What else a reader should know: a classifier that failed, a budget that downgraded."""

    @property
    def model(self) -> ModelInfo:
        """The first choice."""
        return self.ranked[0]

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as plain JSON-able data; models by key."""
        return {
            "ranked": [model.key for model in self.ranked],
            "task": self.task,
            "task_source": self.task_source,
            "confidence": self.confidence,
            "strategy": self.strategy,
            "preset": self.preset,
            "reason": self.reason,
            "refused": dict(self.refused),
            "difficulty": self.difficulty,
            "notes": list(self.notes),
        }
