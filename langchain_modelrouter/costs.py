"""What a job costs on a preset: named token profiles times catalogue prices, exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.config_checks import DEFAULT
from langchain_modelrouter.errors import UnknownProfileError

BASELINE_MODEL = "nebius-llama-405b"
"""The model that the multi-agent SEO article compares with: everything on the largest one."""

_CALL_TOKENS = (800, 200)
"""One call of a job, input and output: our assumption, for models whose output or long input has its own price."""


@dataclass(frozen=True, slots=True)
class TokenProfile:
    """How many tokens one job takes, by task; input and output together."""

    name: str
    tokens: Mapping[str, int]
    description: str
    source: str


TOKEN_PROFILES: Mapping[str, TokenProfile] = {
    profile.name: profile
    for profile in (
        TokenProfile(
            "seo_job",
            {
                "data_collection": 50_000,
                "content_scraping": 100_000,
                "gap_analysis": 200_000,
                "recommendations": 500_000,
            },
            "one SEO job, tokens as measured per task",
            "multi-agent SEO article",
        ),
        TokenProfile(
            "flat_100k",
            dict.fromkeys(
                (
                    "data_collection",
                    "content_scraping",
                    "classification",
                    "structured_extraction",
                    "gap_analysis",
                    "recommendations",
                ),
                100_000,
            ),
            "100,000 tokens for each of six tasks: a flat estimate, not an SEO job",
            "multi-agent SEO article, estimate of its registry",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class TaskCost:
    """The tokens of one task, on the model that the preset asks first."""

    task: str
    model: str | None
    """None where the preset names no model for the task and has no default."""
    tokens: int
    usd: Decimal | None
    """None where a price is unknown."""


@dataclass(frozen=True, slots=True)
class JobCost:
    """What one job of a profile costs on a preset, and on the baseline model."""

    profile: str
    preset: str
    by_task: tuple[TaskCost, ...]
    baseline_model: str | None
    baseline_usd: Decimal | None

    @property
    def tokens(self) -> int:
        """All tokens of the job."""
        return sum(cost.tokens for cost in self.by_task)

    @property
    def total_usd(self) -> Decimal | None:
        """The price of the job; None where that of a task is unknown."""
        costs = [cost.usd for cost in self.by_task if cost.usd is not None]
        return sum(costs, Decimal(0)) if len(costs) == len(self.by_task) else None

    @property
    def saving(self) -> Decimal | None:
        """The share of the baseline's price that the preset saves; None where either is unknown or zero."""
        if self.total_usd is None or not self.baseline_usd:
            return None
        return 1 - self.total_usd / self.baseline_usd


def job_cost(
    config: RouterConfig, preset: str | None = None, profile: str = "seo_job", *, baseline: str | None = None
) -> JobCost:
    """Return what one job of a token profile costs on a preset.

    Args:
        preset: by default the one in force.
        baseline: the model to compare with; by default `nebius-llama-405b` where the registry has it.

    Raises:
        UnknownProfileError: there is no token profile of that name.
        UnknownPresetError: there is no preset of that name.
        UnknownModelError: the registry has no model `baseline`.
    """
    if profile not in TOKEN_PROFILES:
        raise UnknownProfileError(profile, TOKEN_PROFILES)
    tokens = TOKEN_PROFILES[profile].tokens
    preset = preset or config.preset
    models = config.preset_models(preset)
    by_task = []
    for task, count in tokens.items():
        keys = models.get(task) or models.get(DEFAULT)
        model = config.registry[keys[0]] if keys else None
        by_task.append(TaskCost(task, model.key if model else None, count, _usd(model, count)))
    if baseline is None and BASELINE_MODEL not in config.registry:
        return JobCost(profile, preset, tuple(by_task), None, None)
    reference = config.registry.resolve(baseline or BASELINE_MODEL)
    return JobCost(profile, preset, tuple(by_task), reference.key, _usd(reference, sum(tokens.values())))


def _usd(model: ModelInfo | None, tokens: int) -> Decimal | None:
    call_usd = model.cost_usd(*_CALL_TOKENS) if model is not None else None
    return None if call_usd is None else call_usd * tokens / sum(_CALL_TOKENS)
