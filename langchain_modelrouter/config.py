"""`RouterConfig`: all settings of a router, from a file, a mapping or the built-in catalogue."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from langchain_modelrouter.catalog.builtin import builtin_catalog
from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.config_checks import in_words, problems
from langchain_modelrouter.config_files import Document, Key, read_document, shown
from langchain_modelrouter.dispatch.settings import (
    BreakerConfig,
    BudgetConfig,
    FailuresConfig,
    LedgerConfig,
    LimitsConfig,
    RetryConfig,
)
from langchain_modelrouter.errors import ConfigError, Fault, UnknownPresetError
from langchain_modelrouter.presets import DEFAULT_PRESET, PRESETS, TASKS
from langchain_modelrouter.routing.settings import FallbackConfig, RoutingConfig, TaskConfig
from langchain_modelrouter.strict import Strict

CONFIG_VARIABLE = "MODELROUTER_CONFIG"
"""Environment variable that names the configuration file."""

DEFAULT_FILE = Path("modelrouter.yaml")

VERSION = 1


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


ModelNames = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_as_tuple)]
"""One model, or several in the order in which they are tried."""


class RouterConfig(Strict):
    """All settings of a router. Every part is optional and extends the built-in catalogue unless `extends: none`.

    A mapping, as a keyword per section or through `model_validate`, has the structure of the file. Entries are
    merged field by field over those of the same name in what it extends; lists replace lists.

    Raises:
        ConfigError: something cannot be used; its `faults` are all that is wrong, each with its place.
    """

    version: int = VERSION
    extends: str = "builtin"
    """`builtin`, `none` or the path of another file."""
    preset: str = ""
    """The preset in force; may be left out where there is only one."""
    providers: Mapping[str, Provider] = Field(default_factory=dict)
    models: Mapping[str, ModelInfo] = Field(default_factory=dict)
    aliases: Mapping[str, str] = Field(default_factory=dict)
    tasks: Mapping[str, TaskConfig] = Field(default_factory=dict)
    presets: Mapping[str, Mapping[str, ModelNames]] = Field(default_factory=dict)
    """Name to task to models; the task `default` serves all tasks that a preset does not name."""
    routing: RoutingConfig = RoutingConfig()
    fallback: FallbackConfig = FallbackConfig()
    retry: RetryConfig = RetryConfig()
    limits: LimitsConfig = LimitsConfig()
    breaker: BreakerConfig = BreakerConfig()
    budgets: tuple[BudgetConfig, ...] = ()
    ledger: LedgerConfig = LedgerConfig()
    failures: FailuresConfig = Field(default_factory=FailuresConfig)

    _files: tuple[Path, ...] = PrivateAttr(default=())

    def __init__(self, **data: Any) -> None:
        self._take(_layers(Document("<dict>", data)))

    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Self:
        """Return the configuration that a mapping of the file's structure describes.

        Raises:
            ConfigError: see the class.
        """
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            problem = f"it is a {type(obj).__name__}; a configuration is a mapping of sections"
            raise ConfigError([Fault("<dict>", 0, "(dict)", problem)])
        return cls.of_document(Document("<dict>", obj))

    @classmethod
    def load(cls, path: Path | str | None = None) -> Self:
        """Return the configuration of a file, YAML or TOML.

        Args:
            path: by default the file that `$MODELROUTER_CONFIG` names, else `./modelrouter.yaml` where that
                exists, else the built-in configuration.

        Raises:
            ConfigError: see the class; also where the file is missing or cannot be read.
        """
        found = config_path(path)
        if found is None:
            return cls.builtin()
        return cls.of_document(read_document(found))

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """Return the configuration of a document that has been read, with what it extends.

        Raises:
            ConfigError: see the class.
        """
        self = cls.__new__(cls)
        self._take(_layers(document))
        return self

    @classmethod
    @cache
    def builtin(cls) -> Self:
        """Return the built-in configuration: catalogue, tasks and presets; preset `mixed_optimal`."""
        return cls()

    @property
    def path(self) -> Path | None:
        """The file that was loaded; None for a mapping and the built-in configuration."""
        return self._files[0] if self._files else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file that was loaded, first, and those that it extends; absolute, links kept."""
        return self._files

    @cached_property
    def registry(self) -> ModelRegistry:
        """All models, with their providers and aliases."""
        return ModelRegistry(self.models, self.providers, self.aliases)

    @cached_property
    def active_preset(self) -> Mapping[str, tuple[str, ...]]:
        """Task to model keys of the preset in force, aliases resolved; empty where there is no preset at all."""
        return self.preset_models(self.preset) if self.preset else MappingProxyType({})

    def preset_models(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """Return task to model keys of one preset, aliases resolved.

        Raises:
            UnknownPresetError: there is no preset of that name.
        """
        if name not in self.presets:
            raise UnknownPresetError(name, self.presets)
        resolve = self.registry.resolve
        return MappingProxyType(
            {
                task: tuple(dict.fromkeys(resolve(model).key for model in models))
                for task, models in self.presets[name].items()
            }
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        own = {name: value for name, value in self.__dict__.items() if name in type(self).model_fields}
        return state | {"__dict__": own}

    def _take(self, layers: Sequence[Document]) -> None:
        """Fill this new instance with the merged layers, or raise all their faults."""
        data, faults = _merged(layers)
        faults += [_fault(layers, *problem) for problem in problems(data)]
        try:
            self.__pydantic_validator__.validate_python(_with_keys(data), self_instance=self)
        except ValidationError as error:
            faults += [_fault(layers, *in_words(detail, type(self))) for detail in error.errors()]
        if faults:
            raise ConfigError(sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.key)))
        self._files = tuple(layer.path.absolute() for layer in reversed(layers) if layer.path is not None)


def config_path(path: Path | str | None = None) -> Path | None:
    """Return the file that `RouterConfig.load(path)` reads; None where that is the built-in configuration."""
    if path is None and not (path := os.environ.get(CONFIG_VARIABLE)):
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    return Path(path).expanduser()


def missing_keys(config: RouterConfig) -> dict[str, str]:
    """Return provider to the environment variable that should hold its key and does not."""
    return {
        provider.key: provider.api_key_env
        for provider in config.providers.values()
        if provider.api_key_env and not os.environ.get(provider.api_key_env)
    }


@cache
def _builtin() -> Document:
    data = {**builtin_catalog(), "preset": DEFAULT_PRESET, "tasks": TASKS, "presets": PRESETS}
    return Document("<built in>", data)


def _layers(top: Document) -> list[Document]:
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


def _merged(layers: Sequence[Document]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the data of all layers as one, later ones over earlier ones, and what does not fit together."""
    data: dict[str, Any] = {}
    faults: list[Fault] = []
    for layer in layers:
        faults += layer.faults
        own = {name: value for name, value in layer.data.items() if value is not None}
        version = own.pop("version", VERSION)
        if type(version) is not int or version != VERSION:
            problem = f"version {version!r} is not supported; this release reads version {VERSION}"
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
        merged = {name: value for name, value in base.items() if name not in own}
        return merged | {name: _over(base.get(name), value, (*key, name), layer, faults) for name, value in own.items()}
    return own


def _with_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data with the name of each provider and model written into it."""
    filled = dict(data)
    for section in ("providers", "models"):
        entries = data.get(section)
        if isinstance(entries, Mapping):
            filled[section] = {
                name: {**(entry or {}), "key": name} if entry is None or isinstance(entry, Mapping) else entry
                for name, entry in entries.items()
            }
    if isinstance(tasks := data.get("tasks"), Mapping):
        filled["tasks"] = {name: {} if task is None else task for name, task in tasks.items()}
    return filled


def _fault(layers: Sequence[Document], key: Key, problem: str) -> Fault:
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
