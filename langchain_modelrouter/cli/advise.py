"""`modelrouter advise`."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.classifying import (
    CATEGORY_WITHOUT_TEXT,
    ClassifierOption,
    WeightsOption,
    offline_classifier,
)
from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.evaluation.advise import advise, read_traffic
from langchain_modelrouter.routing.request import RouteRequest

EXAMPLES = ("modelrouter advise --data traffic.jsonl --requests-per-day 2000",)


def command(
    data: Annotated[
        list[Path], typer.Option(help="JSON lines with prompt and, if known, at and label; may be repeated.")
    ],
    requests_per_day: Annotated[
        float | None, typer.Option(min=0, help="By default from the times in the traffic.", show_default=False)
    ] = None,
    latency_does_not_matter: Annotated[
        bool, typer.Option("--latency-does-not-matter", help="Say so where nobody waits for the answers.")
    ] = False,
    classifier: ClassifierOption = None,
    weights: WeightsOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say whether routing this traffic is worth it, or whether one model would do."""
    chosen = offline_classifier(classifier, weights, config)

    def classify(prompt: str) -> tuple[str, float]:
        found = chosen(RouteRequest(text=prompt))
        return (CATEGORY_WITHOUT_TEXT, 0.0) if found is None else (found.task, found.confidence)

    with faults_of("--data"):
        advice = advise(
            read_traffic(data), classify, requests_per_day=requests_per_day, latency_matters=not latency_does_not_matter
        )
    if json:
        render.as_json(advice)
        return
    render.line("Route: it is worth it." if advice.route else "Do not route: one model would do.")
    kinds = ", ".join(f"{count} {kind}" for kind, count in advice.kinds.items())
    render.line(f"{advice.requests:,} requests: {kinds}")
    render.line()
    rows = [("against" if each.holds else "-", each.message) for each in advice.findings]
    render.table(("routing", "finding"), rows)
