"""Opening an engine: from a file that is followed, a configuration, or chat models that exist."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from langchain_modelrouter.catalog.model_info import CAPABILITIES
from langchain_modelrouter.config import RouterConfig, config_path
from langchain_modelrouter.dispatch.clients import ClientOptions
from langchain_modelrouter.dispatch.handed_in import SAYS_NOTHING
from langchain_modelrouter.engine import Engine
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.pricing import known_prices
from langchain_modelrouter.reload import follow
from langchain_modelrouter.routing.classification import Classification, Classifier
from langchain_modelrouter.routing.request import NOTHING, RouteRequest

T = TypeVar("T")


def open_engine(
    config: RouterConfig | Path | None,
    *,
    clients: Mapping[str, BaseChatModel] | None = None,
    classifier: Classifier | None = None,
    timeout: float | None = None,
    api_key: SecretStr | str | None = None,
    **for_clients: Any,
) -> Engine:
    """Return an engine over `config`; a file is followed, so that its changes come into force.

    Args:
        for_clients: `streaming`, `cache`, `output_version`, `rate_limiter`, where they are not None.

    Raises:
        ConfigError: the configuration cannot be used.
        InvalidOptionError: an `api_key` for a configuration with several providers, or clients for unknown models.
    """
    path = None if isinstance(config, RouterConfig) else config_path(config)
    source = config if isinstance(config, RouterConfig) else RouterConfig.builtin() if path is None else follow(path)
    current = source if isinstance(source, RouterConfig) else source.current
    if api_key is not None and len(current.providers) != 1:
        raise InvalidOptionError(
            "api_key",
            f"the configuration has {len(current.providers)} providers, and a key goes to one host only; name the "
            "variables that hold the keys as `api_key_env`",
        )
    handed_in = {current.registry.resolve(name).key: client for name, client in (clients or {}).items()}
    constructor = {name: value for name, value in for_clients.items() if value is not None}
    key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key
    return Engine(
        source,
        handed_in=handed_in,
        options=ClientOptions(timeout_s=timeout, api_key=key, constructor=constructor),
        classifier=classifier,
    )


def checked_picklable(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a router, checked.

    Raises:
        InvalidOptionError: one of them, a client for example, cannot be pickled; it says which.
    """
    for name, value in options.items():
        parts = {f"{name}[{key!r}]": one for key, one in value.items()} if isinstance(value, Mapping) else {name: value}
        for label, part in parts.items():
            try:
                pickle.dumps(part)
            except Exception as error:
                problem = f"{type(part).__name__} cannot be pickled: {error}; describe it in a configuration instead"
                raise InvalidOptionError(label, problem) from error
    return options


def reopened(cls: Callable[..., T], options: dict[str, Any]) -> T:
    """Return a router made once more from its options."""
    return cls(**options)


def tasks_of_models(
    models: Mapping[str, BaseChatModel | Sequence[BaseChatModel]],
    default: str | None,
    classifier: str | BaseChatModel | Callable[..., str | None] | None,
) -> tuple[RouterConfig, dict[str, BaseChatModel], Classifier | None]:
    """Return the configuration, the clients by model key and the classifier for chat models that exist.

    Raises:
        InvalidOptionError: no model is given, or `default` is none of the tasks.
    """
    lines = {task: list(one) if isinstance(one, Sequence) else [one] for task, one in models.items()}
    if not lines or not all(lines.values()):
        raise InvalidOptionError("models", "give at least one chat model for each task")
    for task, client in ((task, client) for task, line in lines.items() for client in line):
        if not isinstance(client, BaseChatModel):
            problem = f"it holds a {type(client).__name__}; give chat models, and what you would bind to them per call"
            raise InvalidOptionError(f"models[{task!r}]", problem)
    default = next(iter(lines)) if default is None else default
    if default not in lines:
        raise InvalidOptionError("default", f"{default!r} is none of the tasks: {', '.join(lines)}")
    clients: dict[str, BaseChatModel] = {}
    entries: dict[str, dict[str, Any]] = {}
    providers: dict[str, dict[str, Any]] = {}
    keys: dict[int, str] = {}

    def take(client: BaseChatModel) -> str:
        said = client._get_ls_params()
        provider = said.get("ls_provider") or "custom"
        api_name = said.get("ls_model_name") or type(client).__name__
        key = _unused(api_name, clients)
        keys[id(client)] = key
        clients[key] = client
        providers[provider] = {"kind": "handed_in"}
        prices = known_prices(provider, api_name, getattr(client, "openai_api_base", None))
        entries[key] = {"provider": provider, "api_name": api_name, **_abilities(client), **prices}
        return key

    for client in (client for line in lines.values() for client in line):
        if id(client) not in keys:
            take(client)
    routing: dict[str, Any] = {"classifier": classifier if isinstance(classifier, str) else "none"}
    if isinstance(classifier, BaseChatModel):
        key = keys.get(id(classifier)) or take(classifier)
        routing = {"classifier": "llm", "classifier_model": key}
    config = RouterConfig.model_validate(
        {
            "extends": "none",
            "preset": "models",
            "providers": providers,
            "models": entries,
            "tasks": {task: {} for task in lines},
            "presets": {
                "models": {
                    **{task: [keys[id(client)] for client in line] for task, line in lines.items()},
                    "default": [keys[id(client)] for client in lines[default]],
                }
            },
            "routing": {"default_task": default, **routing},
            "fallback": {"order": [], "max_models": min(20, len(clients))},
        }
    )
    return config, clients, _callable_classifier(classifier)


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name}-{number}", number + 1
    return unused


def _abilities(client: BaseChatModel) -> dict[str, Any]:
    """Return what a client's own profile says; a client that says nothing may do anything but embed."""
    profile = client.profile
    able = {
        "tools": "tool_calling",
        "json_schema": "structured_output",
        "images": "image_inputs",
        "audio": "audio_inputs",
        "files": "pdf_inputs",
    }
    if not profile:
        return {"capabilities": sorted(set(CAPABILITIES) - {"embeddings"}), "tags": SAYS_NOTHING}
    facts: dict[str, Any] = {
        "capabilities": [capability for capability, name in able.items() if profile.get(name, True)]
    }
    if window := profile.get("max_input_tokens"):
        facts["context_window"] = window
    return facts


@dataclass(frozen=True, slots=True)
class CallableClassifier:
    """A classifier that is any callable from a request to a task or None."""

    function: Callable[[RouteRequest], str | None]
    name: str

    def __call__(self, request: RouteRequest) -> Classification | None:
        """Return the callable's task as certain, or None."""
        task = self.function(request)
        return None if task is None else Classification(task, 1.0, NOTHING)


def _callable_classifier(classifier: Any) -> Classifier | None:
    if classifier is None or isinstance(classifier, str | BaseChatModel):
        return None
    return CallableClassifier(classifier, getattr(classifier, "__name__", type(classifier).__name__))
