"""`modelrouter calibrate`."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.evaluation.calibrate import (
    QualityCalibration,
    ShareCalibration,
    quality_of_gap,
    threshold_for_quality,
    threshold_for_share,
)
from langchain_modelrouter.evaluation.json_files import read_rows
from langchain_modelrouter.evaluation.outcomes import cases, read_outcomes, single_models
from langchain_modelrouter.routing.classifiers.difficulty import difficulty

EXAMPLES = (
    "modelrouter calibrate --share 0.3 --data prompts.jsonl",
    "modelrouter calibrate --recover 0.8 --outcomes scores.jsonl --weak nebius-llama-8b --strong nebius-llama-405b",
)


def command(
    share: Annotated[
        float | None, typer.Option(min=0, max=1, help="The part of the calls that may be strong.", show_default=False)
    ] = None,
    quality: Annotated[float | None, typer.Option(help="The mean score to reach.", show_default=False)] = None,
    recover: Annotated[
        float | None, typer.Option(min=0, max=1, help="The part of the gap to close.", show_default=False)
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="For --share: JSON lines with prompt (or text).", show_default=False)
    ] = None,
    outcomes: Annotated[
        list[Path] | None,
        typer.Option(help="For --quality and --recover: JSON lines with prompt and scores.", show_default=False),
    ] = None,
    weak: Annotated[str | None, typer.Option(help="By default the cheapest model.", show_default=False)] = None,
    strong: Annotated[str | None, typer.Option(help="By default the best model.", show_default=False)] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find the difficulty from which a prompt should go to the strong model, on prompts like yours.

    For a share of strong calls, for a mean score, or for a part of the gap between weak and strong.
    """
    if sum(wanted is not None for wanted in (share, quality, recover)) != 1:
        raise InvalidOptionError("--share", "give one of --share, --quality and --recover")
    found: ShareCalibration | QualityCalibration
    if share is not None:
        if not data:
            raise InvalidOptionError("--data", "--share is calibrated on prompts; name a file")
        with faults_of("--data"):
            found = threshold_for_share([difficulty(text) for path in data for text in _texts(path)], share)
    else:
        if not outcomes:
            raise InvalidOptionError("--outcomes", "a quality is calibrated on what models scored; name a file")
        with faults_of("--outcomes"):
            rows = read_outcomes(outcomes)
            if not rows:
                raise ValueError("no outcomes in it")
            singles = single_models(rows)
            best = strong or singles[0].model
            others = [each for each in singles if each.model != best] or list(singles)
            cheap = weak or min(others, key=lambda each: (each.cost_usd, each.quality)).model
            routed = cases(rows, score=difficulty, weak=cheap, strong=best)
            wanted = quality_of_gap(routed, recover) if recover is not None else quality
            found = threshold_for_quality(routed, wanted or 0.0)
    if json:
        render.as_json(found)
        return
    facts = [("threshold", f"{found.threshold:.6f}: prompts as difficult or more go to the strong model")]
    if isinstance(found, ShareCalibration):
        facts.append(
            ("strong calls", f"{found.share:.1%} of {found.prompts:,} prompts; {found.wanted:.1%} were asked for")
        )
    else:
        interval = f"{found.quality.low:.4f} to {found.quality.high:.4f}"
        facts.append(
            ("quality", f"{found.quality.value:.4f} (95 % of resamples: {interval}); {found.wanted:.4f} asked for")
        )
        facts.append(("strong calls", f"{found.strong_share:.1%} of {found.prompts:,} prompts"))
    render.facts(facts)


def _texts(path: Path) -> list[str]:
    """Return the prompts of a file.

    Raises:
        ValueError: a line has none.
    """
    texts = []
    for where, row in read_rows(path):
        text = row.get("prompt", row.get("text"))
        if not isinstance(text, str):
            raise ValueError(f"{where}: a `prompt` (or `text`) is wanted")
        texts.append(text)
    return texts
