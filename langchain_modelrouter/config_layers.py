"""The layers of a configuration: what a file extends, merged into one, with the place of every key kept."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from langchain_modelrouter.catalog.builtin import builtin_catalog
from langchain_modelrouter.config_files import Document, Key, read_document, shown
from langchain_modelrouter.errors import ConfigError, Fault
from langchain_modelrouter.presets import DEFAULT_PRESET, PRESETS, TASKS
from langchain_modelrouter.routing.settings import RoutingConfig

SUPPORTED_VERSION = 1


@cache
def _builtin() -> Document:
    data = {**builtin_catalog(), "preset": DEFAULT_PRESET, "tasks": TASKS, "presets": PRESETS}
    return Document("<built in>", data)


def layers_of(top: Document) -> list[Document]:
    """Return what `top` extends, the farthest first, and `top` itself.

    Raises:
        ConfigError: an extended file is missing, cannot be read, or leads back to where it started.
    """
    layers = [top]
    while (extends := layers[0].data.get("extends")) not in ("builtin", "none") and isinstance(extends, str):
        here = layers[0]
        base = Path(extends).expanduser()
        base = base if here.path is None else here.path.parent / base
        if any(layer.path is not None and layer.path.resolve() == base.resolve() for layer in layers):
            way = " -> ".join([*(layer.name for layer in reversed(layers)), str(base)])
            problem = f"it leads back to a file that extends this one ({way}); let the last extend `builtin` or `none`"
        elif not base.is_file():
            problem = f"there is no file {str(base)!r}; give `builtin`, `none` or a path as seen from this file"
        else:
            layers.insert(0, read_document(base))
            continue
        raise ConfigError([Fault(here.name, here.line(("extends",)), "extends", problem)])
    return layers if extends == "none" else [_builtin(), *layers]


def merged(layers: Sequence[Document]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the data of all layers as one, later ones over earlier ones, and what does not fit together."""
    data: dict[str, Any] = {}
    faults: list[Fault] = []
    for layer in layers:
        faults += layer.faults
        own = {name: value for name, value in layer.data.items() if value is not None}
        version = own.pop("version", SUPPORTED_VERSION)
        if type(version) is not int or version != SUPPORTED_VERSION:
            problem = f"version {version!r} is not supported; this release reads version {SUPPORTED_VERSION}"
            faults.append(Fault(layer.name, layer.line(("version",)), "version", problem))
        data = _over(data, own, (), layer, faults)
    if "extends" not in layers[-1].data:
        data.pop("extends", None)
    if not data.get("preset") and isinstance(data.get("presets"), dict) and len(data["presets"]) == 1:
        data["preset"] = next(iter(data["presets"]))
    routing = data.get("routing")
    if not (isinstance(routing, Mapping) and "default_task" in routing):
        default_task = RoutingConfig.model_fields["default_task"].default
        if isinstance(tasks := data.get("tasks", {}), Mapping):
            data["tasks"] = {default_task: {}, **tasks}
    return data, faults


def _over(base: Any, own: Any, key: Key, layer: Document, faults: list[Fault]) -> Any:
    """Return `own` merged over `base`: mappings key by key, anything else replaced."""
    if isinstance(base, Mapping) and not (len(key) == 3 and key[:2] == ("routing", "splits")):
        if own is None:
            return base
        if not isinstance(own, Mapping):
            problem = f"it must be a mapping of keys to values, not a {type(own).__name__}"
            faults.append(Fault(layer.name, layer.line(key), shown(key), problem))
            return base
        both = {name: value for name, value in base.items() if name not in own}
        return both | {name: _over(base.get(name), value, (*key, name), layer, faults) for name, value in own.items()}
    return own


def filled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return merged data as the fields of the configuration take it: entries know their keys, aliases are followed."""
    return _with_models_by_key(_with_keys(data))


def _with_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data with the name of each provider and model written into it."""
    own = dict(data)
    for section in ("providers", "models"):
        entries = data.get(section)
        if isinstance(entries, Mapping):
            own[section] = {
                name: {**(entry or {}), "key": name} if entry is None or isinstance(entry, Mapping) else entry
                for name, entry in entries.items()
            }
    if isinstance(tasks := data.get("tasks"), Mapping):
        own["tasks"] = {name: {} if task is None else task for name, task in tasks.items()}
    return own


def _with_models_by_key(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with aliases replaced where settings are looked up by model: splits, weights, own fallbacks."""
    models, aliases = data.get("models"), data.get("aliases")
    if not isinstance(models, Mapping) or not isinstance(aliases, Mapping):
        return data

    def by_key(entries: Any, *, deep: bool = False) -> Any:
        if not isinstance(entries, Mapping):
            return entries
        return {_model_key(name, models, aliases): by_key(value) if deep else value for name, value in entries.items()}

    changed = dict(data)
    if isinstance(routing := data.get("routing"), Mapping):
        changed["routing"] = dict(routing)
        for setting, deep in (("splits", True), ("weights", False)):
            if setting in routing:
                changed["routing"][setting] = by_key(routing[setting], deep=deep)
    if isinstance(fallback := data.get("fallback"), Mapping) and "models" in fallback:
        changed["fallback"] = {**fallback, "models": by_key(fallback["models"])}
    return changed


def _model_key(name: Any, models: Mapping[str, Any], aliases: Mapping[str, Any]) -> Any:
    seen = set()
    while isinstance(name, str) and name not in models and name in aliases and name not in seen:
        seen.add(name)
        name = aliases[name]
    return name


def fault_at(layers: Sequence[Document], key: Key, problem: str) -> Fault:
    """Return the fault with its place: the last layer that holds `key`, or most of it."""
    layer = max(reversed(layers), key=lambda layer: sum(1 for _ in _way(layer.data, key)))
    return Fault(layer.name, layer.line(key), shown(key), problem)


def _way(data: Any, key: Key) -> Iterator[Any]:
    for part in key:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return
        yield data
