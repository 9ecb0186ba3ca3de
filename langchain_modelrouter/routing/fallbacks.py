"""Which models follow the chosen ones, and which share their traffic."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from langchain_modelrouter.catalog.model_info import SIZES, ModelInfo, Size
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.routing.settings import FallbackConfig

_DEAR = Decimal("Infinity")


def chain(first: Sequence[ModelInfo], registry: ModelRegistry, fallback: FallbackConfig) -> tuple[ModelInfo, ...]:
    """Return `first`, then every model that may stand in for one of them, in the configured order, each once.

    A model's own fallbacks (`fallback.models`) go before those of `fallback.order`. Retired models and
    embedding models stand in for nobody.
    """
    ranked: dict[str, ModelInfo] = {model.key: model for model in first}
    for model in first:
        own = fallback.models.get(model.key, ())
        ranked.update((other.key, other) for other in map(registry.resolve, own) if other.key not in ranked)
    spare = [model for model in registry.values() if model.key not in ranked and _may_stand_in(model)]
    for order in fallback.order:
        for model in first:
            for other in sorted(_related(order, model, spare), key=_smallest_and_cheapest):
                ranked.setdefault(other.key, other)
    return tuple(ranked.values())


def of_size(size: Size, registry: ModelRegistry) -> tuple[ModelInfo, ...]:
    """Return the models of one size, the cheapest first; where there is none, the next larger size, then smaller."""
    wanted = SIZES.index(size)
    by_nearness = [*SIZES[wanted:], *reversed(SIZES[:wanted])]
    spare = [model for model in registry.values() if _may_stand_in(model)]
    return tuple(sorted(spare, key=lambda model: (by_nearness.index(model.size), _smallest_and_cheapest(model))))


def split(
    first: Sequence[ModelInfo],
    registry: ModelRegistry,
    shares: Mapping[str, Mapping[str, float]],
    draw: float,
) -> tuple[ModelInfo, ...]:
    """Return `first` with its head replaced by the model that `draw` falls on, where the head's traffic is split.

    The head itself stays next in line, so that a canary that fails falls back to what it stands in for.
    """
    share = shares.get(first[0].key)
    if not share:
        return tuple(first)
    drawn = registry.resolve(pick(share, draw))
    return (drawn, *(model for model in first if model.key != drawn.key))


def pick(weights: Mapping[str, float], draw: float) -> str:
    """Return the key on whose share `draw`, uniform in [0, 1), falls; shares need not add up to one."""
    left = draw * sum(weights.values())
    for key, weight in weights.items():
        left -= weight
        if left < 0:
            return key
    return [key for key, weight in weights.items() if weight > 0][-1]


def _may_stand_in(model: ModelInfo) -> bool:
    return "embeddings" not in model.capabilities and model.tags.get("status") not in ("retired", "canary")


def _related(order: str, model: ModelInfo, spare: Iterable[ModelInfo]) -> list[ModelInfo]:
    match order:
        case "same_canonical":
            return [other for other in spare if other.canonical == model.canonical]
        case "same_size":
            return [other for other in spare if other.size == model.size]
        case _:
            return [other for other in spare if SIZES.index(other.size) > SIZES.index(model.size)]


def _smallest_and_cheapest(model: ModelInfo) -> tuple[int, Decimal, str]:
    price = model.cost_usd(1, 1)
    return SIZES.index(model.size), _DEAR if price is None else price, model.key
