"""`modelrouter check`."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig, missing_keys
from langchain_modelrouter.errors import ConfigError

EXAMPLES = ("modelrouter check modelrouter.yaml",)

FileArgument = Annotated[Path | None, typer.Argument(help="The file; the same as --config.", show_default=False)]


def command(file: FileArgument = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Validate a configuration: prints each fault as `file:line: key: what, why, how to mend`, all at once."""
    try:
        loaded = RouterConfig.load(file or config)
    except ConfigError as error:
        if not json:
            raise
        faults = [{"file": f.file, "line": f.line, "key": f.key, "problem": f.problem} for f in error.faults]
        render.as_json({"ok": False, "faults": faults})
        raise typer.Exit(2) from None
    missing = missing_keys(loaded)
    if json:
        render.as_json(
            {
                "ok": True,
                "faults": [],
                "files": [str(path) for path in loaded.files],
                "preset": loaded.preset,
                "models": len(loaded.models),
                "missing_keys": missing,
            }
        )
        return
    render.line(
        f"{loaded.path or 'The built-in configuration'}: no faults. {len(loaded.models)} models at "
        f"{len(loaded.providers)} providers, {len(loaded.presets)} presets; in force: {loaded.preset or 'none'}."
    )
    for provider, variable in missing.items():
        render.note(f"{provider}: {variable} is not set, so its models are not eligible.")
