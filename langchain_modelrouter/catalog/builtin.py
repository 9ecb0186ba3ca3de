"""The catalogue that we ship: one YAML file per provider under `data/`."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def builtin_catalog() -> dict[str, dict[str, Any]]:
    """Return the sections `providers`, `models` and `aliases` of the built-in catalogue, as plain data.

    It is read once, at first use. Callers share it and change nothing in it.
    """
    catalog: dict[str, dict[str, Any]] = {"providers": {}, "models": {}, "aliases": {}}
    data = files("langchain_modelrouter.catalog") / "data"
    for file in sorted(data.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            for section, entries in yaml.load(file.read_bytes(), Loader=_Loader).items():  # our own files
                catalog[section].update(entries)
    return catalog
