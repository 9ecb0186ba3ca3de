"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Configuration file; by default $MODELROUTER_CONFIG, ./modelrouter.yaml, or the built-in one.",
        show_default=False,
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]

LiveOption = Annotated[bool, typer.Option("--live", help="Refuse to run on the simulator where no provider has a key.")]

SimulateOption = Annotated[bool, typer.Option("--simulate", help="Run on the simulator, whatever keys are set.")]

PresetOption = Annotated[
    str | None, typer.Option(help="Instead of the preset that the configuration puts in force.", show_default=False)
]
