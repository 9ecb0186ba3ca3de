"""The command `modelrouter`: lists the commands, and imports the module of the one that is called."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS: Mapping[str, str] = {
    "demo": "Analyse a small site with four agents, one provider failing on the way.",
    "route": "Explain where a prompt would go, and why; no model is called.",
    "seo": "Analyse a web page against its competitors with four agents.",
    "chat": "Talk to the router; each answer says which model gave it and what it cost.",
    "classify": "Say of each prompt of a file what it asks for and how hard it is.",
    "eval": "Judge the classifier on labelled prompts, or routing on what models scored.",
    "train": "Train the classifier on your own labelled prompts.",
    "calibrate": "Find the difficulty from which a prompt goes to the strong model.",
    "advise": "Say whether routing your traffic is worth it.",
    "simulate-workload": "Compute what routing does to the latency and cost of a mix of requests.",
    "check": "Validate a configuration file and print each fault with its line.",
    "models": "List the models of the catalogue.",
    "presets": "List the presets, or show one.",
    "report": "Add up the ledger: calls, cost, saving, failures, speed.",
    "use": "Switch the preset: edits the one line `preset:`.",
    "cost": "Compare what a job costs on each preset.",
    "drill": "Rehearse every outage against a configuration, on the simulator.",
    "simulate": "Serve stand-ins for the providers on loopback, with faults on demand.",
}
"""Command to its one line of help; `cli/<command>.py` holds it."""


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


def _imported(name: str) -> Any:
    from langchain_modelrouter.cli.guard import guarded

    module = import_module(f"langchain_modelrouter.cli.{name.replace('-', '_')}")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    examples: Sequence[str] = module.EXAMPLES
    single.command(name, epilog="\n\n".join(f"Example: {example}" for example in examples))(guarded(module.command))
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
        from importlib.metadata import version

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
