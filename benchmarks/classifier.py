"""Judges the classifier and the difficulty score on sources left out of training: `python -m benchmarks.classifier`.

Reads the development data (`../shared/data` by default, or the folder that is named) and the prompts of our own.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from langchain_modelrouter.evaluation.examples import Example, read_examples
from langchain_modelrouter.evaluation.leave_source_out import LeaveSourceOut, leave_source_out, metrics_of
from langchain_modelrouter.evaluation.outcomes import evaluate_outcomes, read_outcomes
from langchain_modelrouter.evaluation.perturb import robustness
from langchain_modelrouter.evaluation.train_difficulty import train_difficulty
from langchain_modelrouter.routing.classifiers.difficulty import difficulty
from langchain_modelrouter.routing.classifiers.local import LocalClassifier
from langchain_modelrouter.routing.request import RouteRequest

DATA = Path(__file__).parents[2] / "shared" / "data"
TRAINING = Path(__file__).parents[1] / "training"
"""What we wrote ourselves."""
OWN = "own"
"""The group of the prompts that we wrote; all of them are held out together."""
COSTED = "routing_dev_routerarena.jsonl.gz"
"""The outcomes that say what each answer cost."""
SAMPLE = 1_300
HEAD = """# How well the local classifier and the difficulty score do

Made by `make eval` from public prompts that are not shipped and from those in `training/`. Every prompt is judged by
weights that were fitted without its source. Some of our own prompts were written after seeing which sources are weak:
the figures are a little kinder than those on a source of yours, which `modelrouter eval --data yours.jsonl` tells.

## Which of five?
"""


def main(folder: Path = DATA) -> None:
    """Print the tables, as Markdown."""
    public = folder / "classes_dev.jsonl.gz"
    if not public.is_file():
        sys.exit(f"{public}: there is no such file; name the folder of the development data")
    examples = read_examples([public, *sorted(TRAINING.glob("prompts_*.jsonl"))])
    groups = {example.group for example in examples}
    judged = leave_source_out(examples, folds=len(groups), workers=os.cpu_count() or 1)
    assert judged is not None
    print(HEAD)
    print(_unseen(judged))
    print(_shipped([example for example in examples if example.group != OWN]))
    scored = sorted(folder.glob("routing_dev_*.jsonl.gz"))
    print(_difficulty(scored))
    print(_curve(folder / COSTED))


def _unseen(judged: LeaveSourceOut) -> str:
    public = metrics_of([verdict for verdict in judged.verdicts if verdict.example.group != OWN], judged.temperature)
    rows = [
        "| label | prompts | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {label} | {each.support} | {each.precision:.3f} | {each.recall:.3f} | {each.f1:.3f} |"
            for label, each in public.classes.items()
        ),
    ]
    by_accuracy = sorted(judged.by_source.items(), key=lambda item: item[1].accuracy)
    bins = [
        f"| {each.low:.2f} to {each.high:.2f} | {each.count} | {each.mean_confidence:.3f} | {each.accuracy:.3f} |"
        for each in public.reliability
        if each.count
    ]
    return "\n".join(
        [
            f"Public sources left out of training: accuracy {public.accuracy:.3f}, macro-F1 {public.macro_f1:.3f}, "
            f"ECE {public.ece or 0:.3f}, {public.count} prompts of {len(judged.by_source) - 1} sources.",
            "Our own prompts are one more source, `own`, which the weights of the public ones alone judge.",
            "",
            *rows,
            "",
            "| source left out | prompts | accuracy |",
            "|---|---:|---:|",
            *(f"| {name} | {each.count} | {each.accuracy:.3f} |" for name, each in by_accuracy),
            "",
            "| confidence | public prompts | on average | right |",
            "|---|---:|---:|---:|",
            *bins,
        ]
    )


def _shipped(examples: Sequence[Example]) -> str:
    """Return the speed of the weights that are shipped, and how many decisions harmless changes alter."""
    classify = LocalClassifier()
    texts = [example.text for example in examples[:: max(1, len(examples) // SAMPLE)]]
    seconds = []
    for text in texts:
        started_s = perf_counter()
        classify(RouteRequest(text=text))
        seconds.append(perf_counter() - started_s)

    def answer(text: str) -> str | None:
        found = classify(RouteRequest(text=text))
        return None if found is None else found.task

    changed = ", ".join(f"{each.kind} {each.changed:.1%}" for each in robustness(texts, answer))
    return f"\nShipped weights: {median(seconds) * 1e6:.0f} us a prompt (median). Decisions altered: {changed}."


def _difficulty(scored: Sequence[Path]) -> str:
    report = train_difficulty([*scored, TRAINING / "difficulty_own.jsonl"], None)
    return (
        f"\n## How hard is it?\n\n{len(report.groups)} groups left out of training: the prompt that fails more ranks "
        f"higher in {report.mean_ranking:.1%} of pairs (by length {report.mean_length_ranking:.1%})."
    )


def _curve(path: Path) -> str:
    """Return what strong-or-weak routing by the shipped score is worth on prompts that it was fitted with."""
    report = evaluate_outcomes(read_outcomes([path]), score=difficulty)
    points = [min(report.curve, key=lambda point: abs(point.strong_share - share / 10)) for share in range(11)]
    return "\n".join(
        [
            f"\n{path.name.partition('.')[0]}, {report.weak} or {report.strong}: APGR {report.apgr.value:.3f} "
            f"({report.apgr.low:.3f} to {report.apgr.high:.3f}; random {report.random_apgr:.3f}, by length "
            f"{report.length_apgr:.3f}), CPT(50 %) {report.cpt50.value:.0%}, CPT(80 %) {report.cpt80.value:.0%}. "
            "The score was fitted with these prompts among others.",
            "",
            "| to the strong model | quality | USD a prompt |",
            "|---:|---:|---:|",
            *(f"| {each.strong_share:.0%} | {each.quality:.4f} | {each.cost_usd:.6f} |" for each in points),
        ]
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
