"""The command `modelrouter`: finds the module of a command, runs it, and turns errors into exit codes."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from langchain_modelrouter.errors import (
    AmbiguousModelError,
    ConfigError,
    InvalidOptionError,
    ModelRouterError,
    UnknownNameError,
    UnknownOptionError,
)

COMMANDS: Mapping[str, str] = {
    "check": "Validate a configuration file and print each fault with its line.",
    "models": "List the models of the catalogue.",
    "presets": "List the presets, or show one.",
    "use": "Switch the preset: edits the one line `preset:`.",
    "cost": "Compare what a job costs on each preset.",
}
"""Command to its one line of help; `cli/<command>.py` holds it."""

FAILED, MISUSED = 1, 2
"""Exit codes: the work failed; usage or configuration."""

_MISUSE = (ConfigError, UnknownNameError, AmbiguousModelError, InvalidOptionError, UnknownOptionError)


class _LazyGroup(TyperGroup):
    """Lists the commands by their one line; imports a command's module when it is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: Any) -> Any:
        """Return the command that the first argument names, with its module imported."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = _imported(args[0])
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error of this package becomes lines on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except ModelRouterError as error:
            from langchain_modelrouter.cli import render

            render.failure(error)
            raise typer.Exit(exit_code(error)) from None


def exit_code(error: ModelRouterError) -> int:
    """Return 2 for a fault of usage or configuration, 1 for work that failed."""
    return MISUSED if isinstance(error, _MISUSE) else FAILED


def _imported(name: str) -> Any:
    module = import_module(f"langchain_modelrouter.cli.{name}")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    examples: Sequence[str] = module.EXAMPLES
    single.command(name, epilog="\n\n".join(f"Example: {example}" for example in examples))(module.command)
    return typer.main.get_command(single)


app = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: modelrouter cost --preset nebius_balanced",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modelrouter {version('langchain-modelrouter')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Send each call to the model that fits it, survive the provider that is down, know what it cost."""


def main() -> None:
    """Run the command line."""
    app(prog_name="modelrouter")
