"""`modelrouter route`."""

import sys
from decimal import Decimal
from typing import Annotated, Any

import typer
from langchain_core.messages import HumanMessage

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import is_simulated
from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, PresetOption, SimulateOption
from langchain_modelrouter.config import RouterConfig, missing_keys
from langchain_modelrouter.engine import EXPECTED_OUTPUT_TOKENS
from langchain_modelrouter.errors import NoEligibleModelError
from langchain_modelrouter.routing.classifiers.difficulty import difficulty
from langchain_modelrouter.routing.decision import Decision
from langchain_modelrouter.routing.features import features_of
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated

EXAMPLES = (
    'modelrouter route "Write a SQL query for the ten best customers"',
    'modelrouter route --task gap_analysis --preset nebius_balanced --json "Compare these pages"',
)

TextArgument = Annotated[str, typer.Argument(help="The prompt; - reads it from stdin.")]


def command(
    text: TextArgument,
    task: Annotated[str | None, typer.Option(help="State the task.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Force a model.", show_default=False)] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A route tag, such as db or family=llama; may be repeated.")
    ] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="The most it may cost.", show_default=False)] = None,
    preset: PresetOption = None,
    live: LiveOption = False,
    simulate: SimulateOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Explain where a prompt would go: every candidate, where it ranks or why it is refused. No model is called.

    Where no provider has a key, or with --simulate, it is decided as if every provider had one.
    """
    loaded = RouterConfig.load(config)
    if as_if_keyed := is_simulated(loaded, live=live, simulate=simulate, preset=preset):
        render.note("Decided as if every provider had a key." + ("" if simulate else " None has one here."))
    router = RouterChatModel(_keyed(loaded) if as_if_keyed else loaded, preset=preset)
    prompt = sys.stdin.read() if text == "-" else text
    options: dict[str, Any] = {"task": task, "model": model, "route_tags": tag, "max_cost_usd": max_cost_usd}
    try:
        decision = router.decide(prompt, **{name: value for name, value in options.items() if value is not None})
    except NoEligibleModelError as error:
        _show_refusals(loaded, error, json=json)
        raise typer.Exit(1) from None
    explained = _explained(decision, loaded, prompt, preset=preset or loaded.preset)
    if json:
        render.as_json(explained)
    else:
        _show(decision, explained, loaded)


def _keyed(config: RouterConfig) -> RouterConfig:
    """Return the configuration with providers that need no key, at a simulator that is never started."""
    return simulated(config, Simulator(config.registry))


def _explained(decision: Decision, config: RouterConfig, prompt: str, *, preset: str) -> dict[str, Any]:
    """Return the decision as data, with a row for every candidate."""
    input_tokens = features_of([HumanMessage(prompt)]).input_tokens
    missing = missing_keys(config)

    def row(model: ModelInfo, rank: int | None, why: str) -> dict[str, Any]:
        return {
            "model": model.key,
            "provider": model.provider,
            "size": model.size,
            "rank": rank,
            "expected_cost_usd": model.cost_usd(input_tokens, EXPECTED_OUTPUT_TOKENS),
            "refused": why if rank is None else None,
            "why": why,
            "missing_key": missing.get(model.provider),
        }

    named = config.preset_models(preset) if preset else {}
    first = named.get(decision.task) or named.get("default") or ()
    ranked = [
        row(config.registry[model.key], rank, _place(model, rank, decision, first, config))
        for rank, model in enumerate(decision.ranked, start=1)
    ]
    refused = [row(config.registry[key], None, reason) for key, reason in decision.refused.items()]
    return {
        **decision.to_dict(),
        "difficulty": difficulty(prompt) if decision.difficulty is None else decision.difficulty,
        "model": decision.model.key,
        "input_tokens": input_tokens,
        "expected_output_tokens": EXPECTED_OUTPUT_TOKENS,
        "expected_cost_usd": ranked[0]["expected_cost_usd"],
        "candidates": [*ranked, *refused],
    }


def _place(model: ModelInfo, rank: int, decision: Decision, first: tuple[str, ...], config: RouterConfig) -> str:
    """Say why a candidate stands where it stands."""
    if rank == 1:
        return decision.reason
    if model.key in first:
        return "named by the preset"
    chosen = [config.registry[key] for key in first] or [decision.model]
    fallbacks = [config.registry.resolve(name).key for key in first for name in config.fallback.models.get(key, ())]
    if model.key in fallbacks:
        return "the configured fallback"
    if model.canonical in {other.canonical for other in chosen}:
        return "fallback: the same model at another provider"
    return f"fallback: {'the same size' if model.size in {other.size for other in chosen} else 'a larger size'}"


def _show(decision: Decision, explained: dict[str, Any], config: RouterConfig) -> None:
    sure = "" if decision.confidence is None else f", confidence {decision.confidence:.2f}"
    tokens = f"{explained['input_tokens']} tokens in, {explained['expected_output_tokens']} out"
    render.facts(
        [
            ("model", decision.model.key),
            ("why", decision.reason),
            ("task", f"{decision.task} ({decision.task_source}{sure})"),
            ("difficulty", f"{explained['difficulty']:.2f} of 1"),
            ("preset", f"{decision.preset}, strategy {decision.strategy}"),
            ("expected", f"{_usd(explained['expected_cost_usd']) or 'a price that is unknown'}, for about {tokens}"),
            *(("note", note) for note in decision.notes),
        ]
    )
    render.line()
    rows = [
        (
            each["rank"] or "-",
            each["model"],
            each["size"],
            _usd(each["expected_cost_usd"]),
            "no" if each["missing_key"] else "yes",
            each["why"] if each["rank"] else f"refused: {each['why']}",
        )
        for each in explained["candidates"]
    ]
    render.table(("rank", "model", "size", "expected", "key", "why"), rows, right=("rank", "expected"))
    if len(decision.ranked) > config.fallback.max_models:
        render.line(f"One call tries at most {config.fallback.max_models} of them (fallback.max_models).")


def _usd(amount: Decimal | None) -> str | None:
    return render.usd(amount, digits=7)


def _show_refusals(config: RouterConfig, error: NoEligibleModelError, *, json: bool) -> None:
    if json:
        render.as_json({"task": error.task, "ranked": [], "refused": error.refused})
    else:
        rows = [(key, config.registry[key].provider, reason) for key, reason in error.refused.items()]
        render.table(("model", "provider", "refused because"), rows)
    render.note(f"No model can serve task {error.task!r}.")
