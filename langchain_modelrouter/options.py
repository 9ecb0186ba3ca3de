"""The options of one call: from its keywords first, then from `config["configurable"]`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.quick import quick

OPTIONS = ("task", "model", "preset", "route_tags", "max_cost_usd", "deadline_s", "fallback")


@quick
@dataclass(frozen=True, slots=True)
class CallOptions:
    """What one call asks of the router itself; the rest goes to the model."""

    task: str | None = None
    model: str | None = None
    preset: str | None = None
    route_tags: frozenset[str] = frozenset()
    max_cost_usd: Decimal | None = None
    deadline_s: float | None = None
    fallback: bool = False


_options_of = lru_cache(maxsize=1024)(CallOptions)
"""Most calls of a program have one of a few sets of options."""


def take_options(kwargs: dict[str, Any], configurable: Mapping[str, Any], prefix: str | None) -> CallOptions:
    """Take the router's options out of `kwargs`, and read those that only `configurable` has.

    Args:
        prefix: with `router`, the keys of `configurable` are `router_task`, `router_model` ...

    Raises:
        InvalidOptionError: a value is of the wrong type or out of range.
    """
    told: dict[str, Any] = {}
    for name in OPTIONS if configurable else sorted(kwargs.keys() & OPTIONS):
        value = kwargs.pop(name, None)
        if value is None and configurable:
            value = configurable.get(name if prefix is None else f"{prefix}_{name}")
        if value is not None:
            told[name] = _checked(name, value)
    return _options_of(**told)


def _checked(name: str, value: Any) -> Any:
    match name:
        case "task" | "model" | "preset":
            if not isinstance(value, str) or not value:
                raise InvalidOptionError(name, f"it is {_shown(value)}; give the name as a string")
        case "route_tags":
            if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
                raise InvalidOptionError(name, f"it is {_shown(value)}; give a list of strings")
            if not all(isinstance(tag, str) for tag in value):
                raise InvalidOptionError(name, "each tag must be a string")
            return frozenset(value)
        case "max_cost_usd":
            return _money(name, value)
        case "deadline_s":
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise InvalidOptionError(name, f"it is {_shown(value)}; give seconds above 0")
            return float(value)
        case "fallback":
            if not isinstance(value, bool):
                raise InvalidOptionError(name, f"it is {_shown(value)}; give True or False")
    return value


def _money(name: str, value: Any) -> Decimal:
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        money = Decimal("NaN")
    if isinstance(value, bool) or not money.is_finite() or money < 0:
        raise InvalidOptionError(name, f"it is {_shown(value)}; give US dollars, 0 or more")
    return money


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, int | float | bool) else f"a {type(value).__name__}"
