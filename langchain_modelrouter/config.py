"""`RouterConfig`: all settings of a router, from a file, a mapping or the built-in catalogue."""

import os
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.config_checks import in_words, problems
from langchain_modelrouter.config_files import Document, read_document
from langchain_modelrouter.config_layers import SUPPORTED_VERSION, fault_at, filled, layers_of, merged
from langchain_modelrouter.dispatch.settings import (
    BreakerConfig,
    BudgetConfig,
    FailuresConfig,
    LedgerConfig,
    LimitsConfig,
    RetryConfig,
)
from langchain_modelrouter.errors import ConfigError, Fault, UnknownPresetError
from langchain_modelrouter.pricing import priced
from langchain_modelrouter.routing.settings import FallbackConfig, RoutingConfig, TaskConfig
from langchain_modelrouter.strict import Strict

CONFIG_VARIABLE = "MODELROUTER_CONFIG"
"""Environment variable that names the configuration file."""

DEFAULT_FILE = Path("modelrouter.yaml")


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

    version: int = SUPPORTED_VERSION
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
        self._take(layers_of(Document("<dict>", data)))

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
        self._take(layers_of(document))
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
        """All models, with their providers and aliases; prices that the file leaves open come from `genai-prices`."""
        return ModelRegistry(priced(self.models, self.providers), self.providers, self.aliases)

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
        data, faults = merged(layers)
        faults += [fault_at(layers, *problem) for problem in problems(data)]
        try:
            self.__pydantic_validator__.validate_python(filled(data), self_instance=self)
        except ValidationError as error:
            faults += [fault_at(layers, *in_words(detail, type(self))) for detail in error.errors()]
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
