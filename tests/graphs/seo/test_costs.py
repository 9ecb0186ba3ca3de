from typing import Any

from graphs.seo.ask import CallRecord
from graphs.seo.costs import costs
from langchain_modelrouter import RouterConfig

REGISTRY = RouterConfig.builtin().registry


def attempt(
    model: str, *, ok: bool = True, tokens: tuple[int, int] = (1000, 500), usd: float | None = 0.1
) -> dict[str, Any]:
    return {
        "model": model,
        "provider": model.partition("-")[0],
        "outcome": "ok" if ok else "error",
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "cost_usd": usd,
    }


def call(task: str, model: str | None, *attempts: dict[str, Any]) -> CallRecord:
    return CallRecord(task=task, model=model, preset="p", simulated=False, attempts=list(attempts))


def test_calls_are_grouped_by_task_and_model() -> None:
    table = costs(
        [
            call("code", "a-1", attempt("a-1"), attempt("a-1", ok=False)),
            call("code", "a-1", attempt("a-1")),
            call("general", "a-1", attempt("a-1")),
        ],
        REGISTRY,
    )
    assert [(row["task"], row["model"], row["calls"], row["attempts"]) for row in table["costs"]] == [
        ("code", "a-1", 2, 3),
        ("general", "a-1", 1, 1),
    ]
    assert table["costs"][0]["cost_usd"] == 0.3
    assert table["total_cost_usd"] == 0.4


def test_a_fallback_shows_both_models() -> None:
    failed = attempt("a-1", ok=False, tokens=(0, 0), usd=None)
    rows = costs([call("code", "b-1", failed, attempt("b-1"))], REGISTRY)["costs"]
    assert [(row["model"], row["calls"], row["attempts"], row["cost_usd"]) for row in rows] == [
        ("a-1", 0, 1, 0.0),
        ("b-1", 1, 1, 0.1),
    ]


def test_the_baseline_is_the_same_tokens_on_the_405b_model() -> None:
    table = costs([call("code", "a-1", attempt("a-1", tokens=(600_000, 400_000), usd=0.3))], REGISTRY)
    assert table["baseline_cost_usd"] == 1.5  # $1.50 per million tokens, in and out
    assert table["saving"] == 0.8


def test_an_unknown_price_is_no_price() -> None:
    table = costs([call("code", "a-1", attempt("a-1", usd=None))], REGISTRY)
    assert table["costs"][0]["cost_usd"] is None
    assert (table["total_cost_usd"], table["saving"]) == (None, None)


def test_without_the_big_model_there_is_no_baseline() -> None:
    table = costs([call("code", "a-1", attempt("a-1"))], {})
    assert (table["baseline_cost_usd"], table["saving"]) == (None, None)


def test_no_calls_cost_nothing() -> None:
    assert costs([], REGISTRY) == {"costs": [], "total_cost_usd": 0.0, "baseline_cost_usd": 0.0, "saving": None}
