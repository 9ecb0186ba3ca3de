"""The faults of a merged configuration: what pydantic finds, put into words, and every name that nothing answers to.

All checks read the plain data, so that one fault hides no other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from langchain_modelrouter.config_files import Key
from langchain_modelrouter.errors import nearest
from langchain_modelrouter.routing.strategies import STRATEGIES, strategy_names

CATEGORIES = ("simple", "general", "reasoning", "code", "agent")
"""What the classifiers tell apart; `routing.category_tasks` maps them to tasks."""

DEFAULT = "default"
"""The entry of a preset for tasks that it does not name."""

Problem = tuple[Key, str]

_FEW = 12

_SECRETS = {"api_key", "apikey", "key", "token", "access_token", "auth_token", "secret", "password", "credentials"}
_SECRET_HEADERS = {"authorization", "proxy_authorization", "api_key", "x_api_key", "cookie"}
_NO_KEYS_HERE = "a key does not belong in a file; put it into the environment and name the variable as `api_key_env`"


def problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the names and secrets of a merged configuration."""
    names = _Names.of(data)
    yield from _unknown_names(data, names)
    yield from _alias_cycles(names)
    yield from _secrets(data)
    yield from _twins(_at(data, "routing", "rules"), ("routing", "rules"), "rule")
    yield from _twins(_at(data, "budgets"), ("budgets",), "budget")
    for at, rule in _items(_at(data, "routing", "rules")):
        then = _at(rule, "then")
        if isinstance(then, Mapping) and not any(then.values()):
            yield ("routing", "rules", at, "then"), "it sets nothing; give it a `task`, a `model` or both"


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that a merged configuration defines."""

    models: Mapping[str, Any]
    providers: Mapping[str, Any]
    tasks: Mapping[str, Any]
    presets: Mapping[str, Any]
    aliases: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "_Names":
        sections = ("models", "providers", "tasks", "presets", "aliases")
        return cls(*(dict(_pairs(_at(data, section))) for section in sections))


def _unknown_names(data: Mapping[str, Any], names: _Names) -> Iterator[Problem]:
    known: dict[str, Iterable[str]] = {
        "provider": names.providers,
        "model": {**names.models, **names.aliases},
        "task": names.tasks,
        "preset": names.presets,
    }
    for key, kind, name in _references(data):
        if isinstance(name, str) and name not in known[kind]:
            yield key, unknown(kind, name, known[kind])
    for preset, entries in _pairs(_at(data, "presets")):
        for task in _keys(entries):
            if task != DEFAULT and task not in names.tasks:
                yield ("presets", preset, task), unknown("task", task, [*names.tasks, DEFAULT])
    for category in _keys(_at(data, "routing", "category_tasks")):
        if category not in CATEGORIES and category not in names.tasks:
            yield ("routing", "category_tasks", category), unknown("category", category, CATEGORIES)
    strategy = _at(data, "routing", "strategy")
    if isinstance(strategy, str) and strategy not in STRATEGIES and strategy not in strategy_names():
        yield ("routing", "strategy"), unknown("strategy", strategy, strategy_names())
    if not _at(data, "preset") and len(names.presets) > 1:
        yield ("preset",), f"none is chosen; name one of {', '.join(sorted(map(str, names.presets)))}"


def _references(data: Mapping[str, Any]) -> Iterator[tuple[Key, str, Any]]:
    """Yield where a name is used, the kind of thing that it names, and the name."""
    routing, fallback = _at(data, "routing"), _at(data, "fallback")
    if preset := _at(data, "preset"):
        yield ("preset",), "preset", preset
    for key, model in _pairs(_at(data, "models")):
        yield ("models", key, "provider"), "provider", _at(model, "provider")
    for alias, name in _pairs(_at(data, "aliases")):
        yield ("aliases", alias), "model", name
    for preset, entries in _pairs(_at(data, "presets")):
        for task, named in _pairs(entries):
            yield from _named(("presets", preset, task), named)
    for key, named in _pairs(_at(fallback, "models")):
        yield ("fallback", "models", key), "model", key
        yield from _named(("fallback", "models", key), named)
    yield ("routing", "classifier_model"), "model", _at(routing, "classifier_model")
    yield ("routing", "default_task"), "task", _at(routing, "default_task")
    for category, task in _pairs(_at(routing, "category_tasks")):
        yield ("routing", "category_tasks", category), "task", task
    for task in _keys(_at(routing, "routes")):
        yield ("routing", "routes", task), "task", task
    for at, rule in _items(_at(routing, "rules")):
        yield ("routing", "rules", at, "then", "task"), "task", _at(rule, "then", "task")
        yield ("routing", "rules", at, "then", "model"), "model", _at(rule, "then", "model")
    for key, shares in _pairs(_at(routing, "splits")):
        yield ("routing", "splits", key), "model", key
        for name in _keys(shares):
            yield ("routing", "splits", key, name), "model", name
    for key in _keys(_at(routing, "weights")):
        yield ("routing", "weights", key), "model", key
    for at, budget in _items(_at(data, "budgets")):
        yield ("budgets", at, "preset"), "preset", _at(budget, "preset")


def _named(key: Key, named: Any) -> Iterator[tuple[Key, str, Any]]:
    if isinstance(named, str):
        yield key, "model", named
    for at, name in _items(named):
        yield (*key, at), "model", name


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return what to say about a name that nothing answers to: the nearest that exist, and where to add one."""
    sections = {"model": "models", "provider": "providers", "task": "tasks", "preset": "presets"}
    known = sorted(map(str, known))
    near = nearest(str(name), known)
    hints = [f"Did you mean {near[0]!r}?"] if near else []
    if not near or len(known) <= _FEW:
        hints.append(f"Known: {', '.join(known[:_FEW]) or 'none'}{', ...' * (len(known) > _FEW)}.")
    if kind in sections:
        hints.append(f"Or add it under `{sections[kind]}:`.")
    return f"there is no {kind} {str(name)!r}. {' '.join(hints)}"


def _alias_cycles(names: _Names) -> Iterator[Problem]:
    for alias in names.aliases:
        way, name = [alias], names.aliases[alias]
        while isinstance(name, str) and name not in names.models and name in names.aliases and name not in way:
            way.append(name)
            name = names.aliases[name]
        if name == alias and alias not in names.models:
            yield ("aliases", alias), f"it leads back to itself ({' -> '.join([*way, alias])}); let one name a model"


def _secrets(data: Mapping[str, Any]) -> Iterator[Problem]:
    for key, provider in _pairs(_at(data, "providers")):
        variable = _at(provider, "api_key_env")
        if isinstance(variable, str) and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            problem = "it is no name of an environment variable (is it the key itself?); such as SAMBANOVA_API_KEY"
            yield ("providers", key, "api_key_env"), problem
        for header in _keys(_at(provider, "headers")):
            if _folded(header) in _SECRET_HEADERS:
                yield ("providers", key, "headers", header), _NO_KEYS_HERE
        url = _at(provider, "base_url")
        if isinstance(url, str) and re.match(r"\w+://[^/]*@", url):
            yield ("providers", key, "base_url"), f"it holds a password; {_NO_KEYS_HERE}"


def _twins(entries: Any, key: Key, what: str) -> Iterator[Problem]:
    seen: dict[Any, int] = {}
    for at, entry in _items(entries):
        name = _at(entry, "name")
        if isinstance(name, str) and seen.setdefault(name, at) != at:
            yield (*key, at, "name"), f"a {what} named {name!r} stands above already; give each its own name"


def in_words(error: ErrorDetails, root: type[BaseModel]) -> Problem:
    """Return where one of pydantic's errors is, what it is and how to mend it. Texts that may be keys are not shown."""
    key: Key = tuple(part for part in error["loc"] if part != "[key]")
    kind, value, last = error["type"], error["input"], key[-1] if key else ""
    if kind in ("extra_forbidden", "invalid_key"):
        if _folded(last) in _SECRETS:
            return key, _NO_KEYS_HERE
        known = sorted(set(_fields_at(root, key[:-1])) - {"key"})
        near = nearest(str(last), known)
        return key, f"unknown key. {f'Did you mean {near[0]!r}? ' if near else ''}Known here: {', '.join(known)}."
    if kind == "missing":
        return key, "it is missing and has no default; add it"
    if last == "base_url":
        return key, "it is not a URL; write one such as https://api.example.com/v1"
    if kind == "value_error":
        return key, str(error["ctx"]["error"])
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        near = nearest(value, known) if isinstance(value, str) else []
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return key, f"{_short(value, key)} is not known. {hint}Known: {', '.join(known)}."
    if kind in ("model_type", "model_attributes_type", "mapping_type", "dict_type"):
        return key, f"it must be a mapping of keys to values, not {_kind(value)}"
    problem = error["msg"].removeprefix("Input ").removeprefix("Value ")
    if isinstance(last, str) and last.endswith("usd_per_mtok"):
        problem += "; prices are USD per 1,000,000 tokens: leave one out where it is unknown"
    return key, f"{_short(value, key)}: {problem}"


def _fields_at(annotation: Any, key: Key) -> Sequence[str]:
    """Return the field names of the model that stands at `key` below `annotation`; none where that is no model."""
    for part in key:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found = annotation.model_fields.get(str(part))
            annotation = found.annotation if found else None
        else:
            annotation = next((arg for arg in reversed(get_args(annotation)) if arg is not Ellipsis), None)
        if get_origin(annotation) in (Union, UnionType):
            annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return list(annotation.model_fields) if is_model else []


def _short(value: Any, key: Key) -> str:
    """Return a value for a message: numbers and short words as they are, the rest by kind."""
    if isinstance(value, str) and (len(value) > 60 or {"headers", "api_key_env"} & set(key)):
        return "the text"
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str | int | float) else _kind(value)


def _kind(value: Any) -> str:
    kinds = {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
    }
    return "nothing" if value is None else kinds.get(type(value), f"a {type(value).__name__}")


def _folded(name: Any) -> str:
    return str(name).casefold().replace("-", "_")


def _at(data: Any, *key: str) -> Any:
    """Return what stands at `key`; None where the data has another shape, which pydantic reports."""
    for part in key:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _pairs(data: Any) -> Iterable[tuple[str, Any]]:
    return data.items() if isinstance(data, Mapping) else ()


def _keys(data: Any) -> Iterable[str]:
    return data.keys() if isinstance(data, Mapping) else ()


def _items(data: Any) -> Iterable[tuple[int, Any]]:
    return enumerate(data) if isinstance(data, list | tuple) else ()
