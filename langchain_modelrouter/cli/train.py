"""`modelrouter train`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.files import check_folder, faults_of
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.errors import InvalidOptionError

EXAMPLES = ("modelrouter train --data traffic.jsonl --data more.jsonl.gz --out my.weights",)


def command(
    data: Annotated[list[Path], typer.Option(help="JSON lines with text, label and, better, source; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Where the weights go.")],
    seed: Annotated[int, typer.Option(help="The same files and seed give the same bytes.")] = 0,
    folds: Annotated[int, typer.Option(min=2, help="Classifiers fitted for the estimate on unseen sources.")] = 7,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Train the local classifier on labelled prompts, with its figures on sources that it has not seen.

    The labels may be any. Use the file with modelrouter classify --weights or eval --weights. Needs the extra train.
    """
    check_folder("--out", out)
    try:
        from langchain_modelrouter.evaluation.train import train

        with faults_of("--data"), _progress() as progress:
            report = train(data, out, seed=seed, folds=folds, progress=progress)
    except ModuleNotFoundError as error:
        extra = "pip install 'langchain-modelrouter[train]'"
        raise InvalidOptionError("train", f"it needs {error.name}, which is not installed: {extra}") from None
    unseen = report.unseen
    if json:
        metrics = None if unseen is None else unseen.metrics
        by_source = None if unseen is None else {name: each.accuracy for name, each in unseen.by_source.items()}
        render.as_json(
            {
                "out": report.out,
                "size_bytes": report.size_bytes,
                "features": report.features,
                "labels": dict(report.labels),
                "sources": dict(report.sources),
                "unseen_sources": metrics,
                "accuracy_by_source": by_source,
            }
        )
        return
    prompts = sum(report.labels.values())
    facts = [("trained on", f"{prompts:,} prompts, {len(report.labels)} labels, {len(report.sources)} sources")]
    if unseen is None:
        facts.append(("unseen", "nothing can be said: the prompts come from one source"))
    else:
        facts.append(("unseen", f"accuracy {unseen.metrics.accuracy:.3f}, macro-F1 {unseen.metrics.macro_f1:.3f}"))
    facts.append(("weights", f"{report.out}, {report.size_bytes:,} bytes, {report.features:,} features"))
    render.facts(facts)
    if unseen is not None:
        render.line()
        rows = [
            (label, each.support, f"{each.precision:.3f}", f"{each.recall:.3f}")
            for label, each in unseen.metrics.classes.items()
        ]
        columns = ("label", "prompts", "precision", "recall")
        render.table(columns, rows, title="On sources left out of training", right=columns[1:])


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Give a function that shows how many fits are done, on a terminal only."""
    if not render.is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        row = bars.add_task("fitting", total=None)
        yield lambda done, of: bars.update(row, completed=done, total=of)
