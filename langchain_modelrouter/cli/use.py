"""`modelrouter use`."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import DEFAULT_FILE, config_path
from langchain_modelrouter.reload import create_with_preset, set_preset

EXAMPLES = ("modelrouter use nebius_balanced",)


def command(
    preset: Annotated[str, typer.Argument(help="The preset to put in force.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Switch the preset by editing the one line `preset:` of the file; running processes follow within 2 s.

    Where there is no file yet, ./modelrouter.yaml is made.
    """
    path = config_path(config)
    if path is None:
        create_with_preset(DEFAULT_FILE, preset)
    else:
        set_preset(path, preset)
    file: Path = path or DEFAULT_FILE
    if json:
        render.as_json({"file": file, "preset": preset})
    else:
        render.line(f"{file}: preset {preset} is in force.")
