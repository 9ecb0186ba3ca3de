"""`modelrouter simulate-workload`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import Field, ValidationError

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.config_files import read_document
from langchain_modelrouter.errors import InvalidOptionError, UnknownNameError
from langchain_modelrouter.evaluation.workload import (
    WORKLOADS,
    ModelSpeed,
    RequestMix,
    Workload,
    WorkloadReport,
    simulate_workload,
)
from langchain_modelrouter.strict import Strict

EXAMPLES = ("modelrouter simulate-workload", "modelrouter simulate-workload --file mix.yaml --json")


class _Part(Strict):
    requests: Annotated[int, Field(gt=0)]
    model: str
    input_tokens: Annotated[int, Field(ge=0)] = 500
    output_tokens: Annotated[int, Field(ge=0)] = 200


class _Mix(Strict):
    baseline: str
    classifier_s: Annotated[float, Field(ge=0)] = 0.0
    mix: dict[str, _Part]


def command(
    name: Annotated[
        str | None, typer.Option("--workload", help="One of those shipped; by default all.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Your own, as YAML: {baseline: MODEL, mix: {simple: {requests: 600, model: MODEL}, ...}}.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Compute what routing does to the mean latency and cost of a mix of requests; nothing is called.

    published_latencies averages the latencies that the source states. from_speeds computes them from speeds.

    Your own mix takes speeds and prices of the configured models.
    """
    if file is not None:
        workloads = [_own(file, RouterConfig.load(config))]
    elif name is None:
        workloads = list(WORKLOADS.values())
    elif name in WORKLOADS:
        workloads = [WORKLOADS[name]]
    else:
        raise UnknownWorkloadError(name, WORKLOADS)
    with faults_of("--file"):
        reports = [simulate_workload(workload) for workload in workloads]
    if json:
        render.as_json(reports)
        return
    for number, report in enumerate(reports):
        if number:
            render.line()
        _show(report)


class UnknownWorkloadError(UnknownNameError):
    """A workload that is not shipped."""

    kind = "workload"


def _own(file: Path, config: RouterConfig) -> Workload:
    """Return the workload of a file over the configured models.

    Raises:
        ConfigError, UnknownModelError: see `RouterConfig`.
        InvalidOptionError: the file is no such mix.
    """
    try:
        mix = _Mix.model_validate(dict(read_document(file).data))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InvalidOptionError("--file", f"{file}: {faults}") from None
    wanted = {mix.baseline, *(part.model for part in mix.mix.values())}
    return Workload(
        name=file.stem,
        mix=tuple(
            RequestMix(key, part.requests, part.model, part.input_tokens, part.output_tokens)
            for key, part in mix.mix.items()
        ),
        models={key: _speed(config, key) for key in wanted},
        baseline=mix.baseline,
        classifier_s=mix.classifier_s,
        source=f"speeds and prices of the configured models, mix of {file}",
    )


def _speed(config: RouterConfig, name: str) -> ModelSpeed:
    model = config.registry.resolve(name)
    if model.tokens_per_s is None or not model.is_priced:
        lacks = "tokens_per_s" if model.tokens_per_s is None else "its price"
        raise InvalidOptionError("--file", f"{model.key} lacks {lacks}; add it under `models:`")
    prices: dict[str, Any] = {
        "input_usd_per_mtok": model.input_usd_per_mtok,
        "output_usd_per_mtok": model.output_usd_per_mtok,
    }
    return ModelSpeed(ttft_s=model.ttft_s or 0.0, tokens_per_s=model.tokens_per_s, **prices)


def _show(report: WorkloadReport) -> None:
    rows: list[tuple[Any, ...]] = [
        (each.name, each.requests, each.model, f"{each.routed_s:.3f} s", f"{each.baseline_s:.3f} s")
        for each in report.classes
    ]
    rows.append(("mean", report.requests, "", f"{report.routed_s:.3f} s", f"{report.baseline_s:.3f} s"))
    columns = ("class", "requests", "model", "routed", "all on one")
    render.table(columns, rows, title=report.name, right=("requests", "routed", "all on one"))
    saved = "" if report.cheaper is None else f", {report.cheaper * 100:.1f} % cheaper"
    render.line(f"Routed: {report.faster * 100:.1f} % less time{saved}.")
    render.line(f"From {report.source}.")
