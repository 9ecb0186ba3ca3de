"""`modelrouter classify`."""

import csv
import io
import json as json_format
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.classifying import (
    CATEGORY_WITHOUT_TEXT,
    ClassifierOption,
    WeightsOption,
    offline_classifier,
)
from langchain_modelrouter.cli.files import check_folder, faults_of, read_bytes, write_whole
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.routing.classification import Classifier
from langchain_modelrouter.routing.classifiers.difficulty import difficulty
from langchain_modelrouter.routing.request import RouteRequest

EXAMPLES = ("modelrouter classify --in prompts.jsonl --out out.csv",)

COLUMNS = ("id", "predicted", "confidence", "difficulty")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one prompt."""

    id: str
    predicted: str
    confidence: float
    difficulty: float


class BadLineError(ValueError):
    """A line that is no prompt."""


def command(
    prompts: Annotated[
        Path, typer.Option("--in", help="JSON lines with id and prompt, also .gz; - reads stdin.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="The CSV file; by default stdout.", show_default=False)] = None,
    classifier: ClassifierOption = None,
    weights: WeightsOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say which category each prompt of a file has, how sure that is and how much it needs a strong model.

    Writes id,predicted,confidence,difficulty. No model is asked. A line that is no prompt is named on stderr and left
    out; then it ends with 1.
    """
    chosen = offline_classifier(classifier, weights, config)
    if out is not None:
        check_folder("--out", out)
    with faults_of("--in"):
        data = read_bytes(prompts)
    judged, bad = [], 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            judged.append(judge(*_prompt_of(line), chosen))
        except BadLineError as error:
            bad += 1
            render.note(f"{prompts}:{number}: {error}; left out")
    if json:
        text = json_format.dumps([_as_data(each) for each in judged], ensure_ascii=False, indent=2) + "\n"
    else:
        text = _csv(judged)
    if out is None:
        render.raw(text)
    else:
        with faults_of("--out"):
            write_whole(out, text)
        render.note(f"{len(judged)} prompts judged in {out}." + (f" {bad} lines left out." if bad else ""))
    if bad:
        raise typer.Exit(1)


def judge(key: str, prompt: str, classifier: Classifier) -> Judged:
    """Return what the classifier and the difficulty score say of one prompt."""
    found = classifier(RouteRequest(text=prompt))
    if found is None:
        return Judged(key, CATEGORY_WITHOUT_TEXT, 0.0, difficulty(prompt))
    hard = difficulty(prompt) if found.difficulty is None else found.difficulty
    return Judged(key, found.task, found.confidence, hard)


def _prompt_of(line: bytes) -> tuple[str, str]:
    try:
        row = json_format.loads(line.decode())
    except UnicodeDecodeError:
        raise BadLineError("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadLineError("it is not JSON") from None
    if not isinstance(row, dict):
        raise BadLineError(f"it is a {type(row).__name__}, not an object with id and prompt")
    key, prompt = row.get("id"), row.get("prompt")
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        raise BadLineError("it has no id" if key is None else "its id is neither a text nor a number")
    if not isinstance(prompt, str):
        raise BadLineError("it has no prompt" if prompt is None else "its prompt is no text")
    return str(key), prompt


def _as_data(judged: Judged) -> dict[str, Any]:
    return {
        "id": judged.id,
        "predicted": judged.predicted,
        "confidence": round(judged.confidence, 6),
        "difficulty": round(judged.difficulty, 6),
    }


def _csv(judged: list[Judged]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_as_data, judged))
    return text.getvalue()
