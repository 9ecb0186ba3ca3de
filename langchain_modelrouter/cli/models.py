"""`modelrouter models`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from langchain_modelrouter.catalog.model_info import SIZES
from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig, missing_keys
from langchain_modelrouter.errors import InvalidOptionError, nearest

EXAMPLES = ("modelrouter models --provider nebius", "modelrouter models --size tiny --json")

_COLUMNS = ("model", "size", "in", "out", "tok/s", "window", "can")
_LETTERS = {
    "tools": "T",
    "json_schema": "S",
    "images": "I",
    "files": "F",
    "audio": "A",
    "reasoning": "R",
    "embeddings": "E",
}


def command(
    provider: Annotated[str | None, typer.Option(help="Only those of one provider.", show_default=False)] = None,
    size: Annotated[str | None, typer.Option(help="tiny, small, medium or large.", show_default=False)] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List the models: size, prices in USD per 1,000,000 tokens in and out, tokens per second, context window.

    What they can: T tools, S JSON schema, I images, F files, A audio, R reasoning, E embeddings.
    """
    loaded = RouterConfig.load(config)
    _demand("--provider", provider, loaded.providers)
    _demand("--size", size, SIZES)
    models = [
        model
        for model in loaded.registry.values()
        if (provider is None or model.provider == provider) and (size is None or model.size == size)
    ]
    missing = missing_keys(loaded)
    if json:
        render.as_json([model.model_dump() | {"missing_key": missing.get(model.provider)} for model in models])
        return
    rows = [
        (
            model.key,
            model.size,
            render.per_mtok(model.input_usd_per_mtok),
            render.per_mtok(model.output_usd_per_mtok),
            None if model.tokens_per_s is None else f"{model.tokens_per_s:.4g}",
            render.tokens(model.context_window),
            "".join(letter for name, letter in _LETTERS.items() if name in model.capabilities) or "-",
        )
        for model in models
    ]
    render.table(_COLUMNS, rows, right=_COLUMNS[2:6])
    for key in dict.fromkeys(model.provider for model in models if model.provider in missing):
        render.note(f"{key}: {missing[key]} is not set, so its models are not eligible.")


def _demand(option: str, value: str | None, known: Iterable[str]) -> None:
    """Refuse a filter that could match nothing."""
    names = list(known)
    if value is not None and value not in names:
        near = nearest(value, names)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidOptionError(option, f"there is no {value!r}.{hint} Known: {', '.join(names)}.")
