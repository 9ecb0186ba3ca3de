"""The line that a router logs when it takes a configuration into force."""

from collections.abc import Collection
from itertools import chain

from langchain_modelrouter.config import RouterConfig, missing_keys
from langchain_modelrouter.costs import TOKEN_PROFILES, JobCost, job_cost


def startup_line(config: RouterConfig, preset: str | None = None, handed_in: Collection[str] = ()) -> str:
    """Return in one line: preset, providers, models without a key, and what a job of each token profile costs.

    Args:
        preset: instead of the configuration's own.
        handed_in: keys of models whose clients exist already and need no key.
    """
    name = preset or config.preset
    keys = list(dict.fromkeys(chain(*config.preset_models(name).values()))) if name else list(config.registry)
    providers = dict.fromkeys(config.registry[key].provider for key in keys)
    missing = missing_keys(config)
    keyless = [key for key in keys if key not in handed_in and config.registry[key].provider in missing]
    variables = dict.fromkeys(missing[config.registry[key].provider] for key in keyless)
    parts = [
        f"Preset {name or '(none)'}",
        f"providers {', '.join(providers) or 'none'}",
        f"without a key {', '.join(keyless)} (set {', '.join(variables)})" if keyless else "no model lacks a key",
    ]
    if name:
        jobs = [job_cost(config, name, profile) for profile in TOKEN_PROFILES]
        parts += [said for job in jobs if (said := _cost(job)) is not None]
    return "; ".join(parts)


def _cost(job: JobCost) -> str | None:
    if job.total_usd is None:
        return None
    saving = f" ({job.saving:.1%} under all on {job.baseline_model})" if job.saving is not None else ""
    return f"a job of {job.profile} costs ${job.total_usd:.3f}{saving}"
