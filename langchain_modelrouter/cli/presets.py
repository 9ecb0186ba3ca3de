"""`modelrouter presets`."""

from itertools import chain
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig

EXAMPLES = ("modelrouter presets", "modelrouter presets mixed_optimal")

NameArgument = Annotated[str | None, typer.Argument(help="Show this preset, task by task.", show_default=False)]


def command(name: NameArgument = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the presets and the models that each uses; `*` marks the one in force. With a name: task to models."""
    loaded = RouterConfig.load(config)
    wanted = loaded.presets if name is None else [name]
    presets = {preset: loaded.preset_models(preset) for preset in wanted}
    if json:
        render.as_json({"active": loaded.preset or None, "presets": presets})
    elif name is not None:
        rows = [(task, ", ".join(models)) for task, models in presets[name].items()]
        render.table(("task", "models, first choice first"), rows)
    else:
        marked = [
            ("*" if preset == loaded.preset else "", preset, ", ".join(dict.fromkeys(chain(*tasks.values()))))
            for preset, tasks in presets.items()
        ]
        render.table(("", "preset", "models"), marked)
