"""`modelrouter cost`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.costs import TOKEN_PROFILES, JobCost, job_cost

EXAMPLES = ("modelrouter cost --preset sambanova_optimized", "modelrouter cost --profile flat_100k --json")

DAYS_A_MONTH = 30


def command(
    preset: Annotated[
        str | None, typer.Option(help="Task by task for this one; by default that in force.", show_default=False)
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", "--token-profile", help="seo_job or flat_100k; by default both.", show_default=False),
    ] = None,
    jobs_per_day: Annotated[int, typer.Option(min=1, help="For the cost of a day and of 30 days.")] = 200,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this model; by default nebius-llama-405b.", show_default=False)
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show what one job costs: task by task, against everything on one big model, and on every preset.

    The token profiles are different quantities. seo_job: the tokens of one SEO job.

    flat_100k: 100,000 tokens for each of six tasks, a flat estimate.
    """
    loaded = RouterConfig.load(config)
    profiles = [profile] if profile else list(TOKEN_PROFILES)
    chosen = [job_cost(loaded, preset, name, baseline=baseline) for name in profiles]
    others = [job_cost(loaded, other, name, baseline=baseline) for name in profiles for other in loaded.presets]
    if json:
        render.as_json(
            {
                "jobs": [_as_data(job, jobs_per_day) for job in chosen],
                "presets": [_as_data(job, jobs_per_day) for job in others],
            }
        )
        return
    for job in chosen:
        _show(job)
        render.line()
    _compare(others, jobs_per_day)


def _show(job: JobCost) -> None:
    rows: list[tuple[Any, ...]] = [
        (cost.task, cost.model, f"{cost.tokens:,}", render.usd(cost.usd)) for cost in job.by_task
    ]
    rows.append(("total", "", f"{job.tokens:,}", render.usd(job.total_usd)))
    rows.append((f"all on {job.baseline_model}", "", f"{job.tokens:,}", render.usd(job.baseline_usd)))
    rows.append(("saving", "", "", render.percent(job.saving)))
    title = f"{job.profile} on {job.preset}: {TOKEN_PROFILES[job.profile].description}"
    render.table(("task", "model", "tokens", "cost"), rows, title=title, right=("tokens", "cost"))


def _compare(jobs: Sequence[JobCost], jobs_per_day: int) -> None:
    rows = [
        (
            job.profile,
            job.preset,
            render.usd(job.total_usd),
            render.percent(job.saving),
            render.usd(_times(job, jobs_per_day), digits=2),
            render.usd(_times(job, jobs_per_day * DAYS_A_MONTH), digits=2),
        )
        for job in jobs
    ]
    columns = ("profile", "preset", "a job", "saving", "a day", f"{DAYS_A_MONTH} days")
    render.table(columns, rows, title=f"Every preset, {jobs_per_day} jobs a day", right=columns[2:])


def _times(job: JobCost, count: int) -> Any:
    return None if job.total_usd is None else job.total_usd * count


def _as_data(job: JobCost, jobs_per_day: int) -> dict[str, Any]:
    return {
        "token_profile": job.profile,
        "preset": job.preset,
        "tasks": [
            {"task": cost.task, "model": cost.model, "tokens": cost.tokens, "cost_usd": cost.usd}
            for cost in job.by_task
        ],
        "total_usd": job.total_usd,
        "baseline_model": job.baseline_model,
        "baseline_usd": job.baseline_usd,
        "saving": None if job.saving is None else round(job.saving, 6),
        "usd_per_day": _times(job, jobs_per_day),
        "usd_per_month": _times(job, jobs_per_day * DAYS_A_MONTH),
    }
