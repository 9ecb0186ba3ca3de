"""Judges the classifier and the difficulty score on sources left out of training: `python -m benchmarks.classifier`.

Reads the development data (`../shared/data` by default, or the folder that is named) and the prompts of our own.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from langchain_modelrouter.evaluation.examples import Example, read_examples
from langchain_modelrouter.evaluation.leave_source_out import LeaveSourceOut, leave_source_out, metrics_of
from langchain_modelrouter.evaluation.perturb import robustness
from langchain_modelrouter.evaluation.train_difficulty import train_difficulty
from langchain_modelrouter.routing.classifiers.local import LocalClassifier
from langchain_modelrouter.routing.request import RouteRequest

DATA = Path(__file__).parents[2] / "shared" / "data"
TRAINING = Path(__file__).parents[1] / "training"
"""What we wrote ourselves."""
OWN = "own"
"""The group of the prompts that we wrote; all of them are held out together."""
SAMPLE = 1_300


def main(folder: Path = DATA) -> None:
    """Print the tables, as Markdown."""
    public = folder / "classes_dev.jsonl.gz"
    if not public.is_file():
        sys.exit(f"{public}: there is no such file; name the folder of the development data")
    examples = read_examples([public, *sorted(TRAINING.glob("prompts_*.jsonl"))])
    judged = leave_source_out(examples)
    assert judged is not None
    print(_unseen(judged))
    print(_shipped([example for example in examples if example.group != OWN]))
    scored = sorted(folder.glob("routing_dev_*.jsonl.gz"))
    report = train_difficulty([*scored, TRAINING / "difficulty_own.jsonl"], None)
    print(
        f"\nDifficulty, {len(report.groups)} groups left out of training: the prompt that fails more ranks higher in "
        f"{report.mean_ranking:.1%} of pairs (by length {report.mean_length_ranking:.1%})."
    )


def _unseen(judged: LeaveSourceOut) -> str:
    metrics = judged.metrics
    rows = [
        "| label | prompts | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {label} | {each.support} | {each.precision:.3f} | {each.recall:.3f} | {each.f1:.3f} |"
            for label, each in metrics.classes.items()
        ),
    ]
    public = metrics_of([verdict for verdict in judged.verdicts if verdict.example.group != OWN], judged.temperature)
    worst = sorted(judged.by_source.items(), key=lambda item: item[1].accuracy)[:5]
    return "\n".join(
        [
            f"Sources left out of training: accuracy {metrics.accuracy:.3f}, macro-F1 {metrics.macro_f1:.3f}, "
            f"ECE {metrics.ece or 0:.3f}, {metrics.count} prompts of {len(judged.by_source)} sources",
            f"The public ones of them, our own prompts kept for training: accuracy {public.accuracy:.3f}, "
            f"macro-F1 {public.macro_f1:.3f}, lowest recall {min(each.recall for each in public.classes.values()):.3f}",
            "",
            *rows,
            "",
            "Worst sources: " + ", ".join(f"{name} {each.accuracy:.3f}" for name, each in worst),
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


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
