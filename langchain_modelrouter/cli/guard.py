"""Turns what a command raises into lines on stderr and an exit code."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.errors import (
    AmbiguousModelError,
    ConfigError,
    InvalidOptionError,
    ModelRouterError,
    UnknownNameError,
    UnknownOptionError,
)

FAILED, MISUSED = 1, 2
"""Exit codes: the work failed; usage or configuration."""

_MISUSE = (ConfigError, UnknownNameError, AmbiguousModelError, InvalidOptionError, UnknownOptionError)


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return `command`, ending with an exit code where it raises an error of this package."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ModelRouterError as error:
            render.failure(error)
            raise typer.Exit(exit_code(error)) from None

    return run


def exit_code(error: ModelRouterError) -> int:
    """Return 2 for a fault of usage or configuration, 1 for work that failed."""
    return MISUSED if isinstance(error, _MISUSE) else FAILED
