"""`modelrouter eval`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from langchain_modelrouter.cli import eval_labelled, eval_outcomes, eval_page, render
from langchain_modelrouter.cli.classifying import ClassifierOption, WeightsOption, offline_classifier
from langchain_modelrouter.cli.files import check_folder, faults_of, write_whole
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.errors import InvalidOptionError

EXAMPLES = (
    "modelrouter eval --data labelled.jsonl --perturb --out page.html",
    "modelrouter eval --outcomes scores.jsonl --weak nebius-llama-8b --strong nebius-llama-405b",
)


def command(
    data: Annotated[
        list[Path] | None, typer.Option(help="JSON lines with text and label; may be repeated.", show_default=False)
    ] = None,
    outcomes: Annotated[
        list[Path] | None,
        typer.Option(help="JSON lines with prompt and scores of several models; may be repeated.", show_default=False),
    ] = None,
    classifier: ClassifierOption = None,
    weights: WeightsOption = None,
    perturb: Annotated[
        bool, typer.Option("--perturb", help="Also count decisions that harmless changes alter.")
    ] = False,
    weak: Annotated[
        str | None, typer.Option(help="For --outcomes; by default the cheapest.", show_default=False)
    ] = None,
    strong: Annotated[str | None, typer.Option(help="For --outcomes; by default the best.", show_default=False)] = None,
    prices: Annotated[
        Path | None,
        typer.Option(
            help="JSON of USD per million tokens by model, where the outcomes state no cost.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of typos and resamples.")] = 0,
    out: Annotated[Path | None, typer.Option(help="An .html page that opens offline.", show_default=False)] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the classifier on labelled prompts, or the difficulty score on what models scored; no model is asked.

    Beside each figure stand those of always answering the same, and of chance. Prompts that the weights were trained
    on flatter: modelrouter train reports sources left out of training.
    """
    if bool(data) == bool(outcomes):
        raise InvalidOptionError("--data", "give either --data or --outcomes")
    if out is not None:
        check_folder("--out", out)
        if out.suffix.lower() != ".html":
            raise InvalidOptionError("--out", f"{out}: the page is written as .html; --json prints the figures")
    page: Callable[[Any], str]
    show: Callable[[Any], None]
    if data:
        page, show = eval_page.labelled_page, eval_labelled.show
        chosen = offline_classifier(classifier, weights, config)
        with faults_of("--data"):
            result: Any = eval_labelled.judged(data, chosen, perturb=perturb, seed=seed)
    else:
        page, show = eval_page.outcomes_page, eval_outcomes.show
        with faults_of("--outcomes"):
            result = eval_outcomes.judged(outcomes or [], weak=weak, strong=strong, prices=prices, seed=seed)
    if json:
        render.as_json(result)
    else:
        show(result)
    if out is not None:
        with faults_of("--out"):
            write_whole(out, page(result))
        render.note(f"The page is in {out}.")
