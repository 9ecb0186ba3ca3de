"""The graphs that are installed beside the package, found by their entry points; the package never imports them."""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from langchain_modelrouter.errors import InvalidOptionError

GROUP = "langchain_modelrouter.graphs"


def graph_module(name: str, part: str = "") -> Any:
    """Return the module of a graph, or one of its parts.

    Raises:
        InvalidOptionError: it is not installed, or something that it needs is missing.
    """
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise InvalidOptionError(name, f"no graph of that name is installed (entry-point group {GROUP})")
    try:
        return import_module(f"{found.value}.{part}" if part else found.value)
    except ModuleNotFoundError as error:
        missing, extra = error.name or "a package", f"pip install 'langchain-modelrouter[{name}]'"
        raise InvalidOptionError(name, f"it needs {missing}, which is not installed: {extra}") from error
