"""The immutable set of models, by key."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from langchain_modelrouter.catalog.model_info import ModelInfo, Provider
from langchain_modelrouter.errors import AmbiguousModelError, UnknownModelError


class ModelRegistry(Mapping[str, ModelInfo]):
    """All models of one configuration, by key, with their providers and the aliases of both users and rules."""

    __slots__ = ("_by_api_name", "_models", "aliases", "providers")

    def __init__(
        self,
        models: Mapping[str, ModelInfo],
        providers: Mapping[str, Provider],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._models = MappingProxyType(dict(models))
        self.providers = MappingProxyType(dict(providers))
        self.aliases = MappingProxyType(dict(aliases or {}))
        by_api_name: dict[str, list[str]] = {}
        for key, model in self._models.items():
            by_api_name.setdefault(model.api_name, []).append(key)
        self._by_api_name = by_api_name

    def __getitem__(self, key: str) -> ModelInfo:
        return self._models[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def resolve(self, name: str) -> ModelInfo:
        """Return the model that a key, an alias or an unambiguous api_name means.

        Raises:
            UnknownModelError: nothing here has that name.
            AmbiguousModelError: several providers serve that api_name.
        """
        seen: set[str] = set()
        while name not in self._models and name in self.aliases and name not in seen:
            seen.add(name)
            name = self.aliases[name]
        if (model := self._models.get(name)) is not None:
            return model
        match self._by_api_name.get(name, ()):
            case [key]:
                return self._models[key]
            case []:
                raise UnknownModelError(name, [*self._models, *self.aliases])
            case keys:
                raise AmbiguousModelError(name, keys)
