"""The frozen view of one call: all that choosing a model may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from langchain_modelrouter.quick import quick

NOTHING: Mapping[str, Any] = MappingProxyType({})


@quick
@dataclass(frozen=True, slots=True)
class RouteRequest:
    """Sizes, needs, task, tags and one random `draw` of one call. Texts stay out of its repr."""

    text: str = field(default="", repr=False)
    """The text of the last human message."""
    system: str = field(default="", repr=False)
    """The text of the system messages."""
    input_tokens: int = 0
    """An estimate: a quarter of the characters, plus a fixed cost per message, image and tool."""
    output_tokens: int = 0
    """What the answer is expected to take: learned per task, or bounded by `max_tokens`."""
    turn: int = 1
    """Number of human messages, 1 for the first."""
    last_message_type: str = "human"
    """`human`, `ai`, `tool` or `system`."""
    tool_names: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    """Capabilities without which a model cannot serve the call."""
    tags: frozenset[str] = frozenset()
    """The call's `route_tags`: `db`, or `family=llama` to demand a tag of the model."""
    metadata: Mapping[str, Any] = field(default_factory=lambda: NOTHING, repr=False)
    """The caller's metadata; only a rule that names a key of it may look."""
    task: str | None = None
    model: str | None = None
    """A forced model: key, alias or api_name."""
    among: tuple[str, ...] = ()
    """Models to choose among, in this order, instead of the preset's."""
    fallback: bool = False
    """May a forced model fall back?"""
    thread_id: str | None = None
    max_cost_usd: Decimal | None = None
    loop: tuple[str, str] | None = None
    """In a tool loop, the model and the task of the answer that made the tool calls."""
    draw: float = 0.0
    """Uniform in [0, 1): the only randomness of a decision, so that a logged one replays."""

    @property
    def has_tools(self) -> bool:
        """True where tools are attached."""
        return bool(self.tool_names)

    @property
    def has_images(self) -> bool:
        """True where a message holds an image."""
        return "images" in self.needs

    @property
    def has_schema(self) -> bool:
        """True where the answer must follow a JSON schema."""
        return "json_schema" in self.needs
