import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from langchain_modelrouter.evaluation.json_files import read_prices
from langchain_modelrouter.evaluation.outcomes import (
    OUTPUT_TOKENS,
    evaluate_outcomes,
    read_outcomes,
    single_models,
)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def outcomes_file(path: Path) -> Path:
    """Ten prompts: the small model fails on the long ones, the big one never does and costs ten times as much."""
    rows = [
        {
            "id": str(i),
            "dataset": "even" if i % 2 == 0 else "odd",
            "prompt": "word " * (i + 1),
            "results": {
                "small": {"score": 1 if i < 6 else 0, "cost_usd": 0.001},
                "big": {"score": 1, "cost_usd": 0.01},
            },
        }
        for i in range(10)
    ]
    return written(path, *rows)


def test_reads_scores_with_choices_and_prices(tmp_path: Path) -> None:
    row = {"id": "a", "prompt": "2 + 2?", "choices": ["3", "4"], "task": "sums", "scores": {"m": 1, "n": 0}}
    (outcome,) = read_outcomes([written(tmp_path / "a.jsonl", row)], prices={"m": (1.0, 2.0)})
    assert outcome.prompt == "2 + 2?\nA. 3\nB. 4"
    assert (outcome.group, outcome.scores) == ("sums", {"m": 1.0, "n": 0.0})
    tokens = len(outcome.prompt) / 4
    assert outcome.costs_usd == {"m": pytest.approx((tokens + 2 * OUTPUT_TOKENS) / 1e6)}


def test_reads_results_with_their_costs_from_gzip(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl.gz"
    row = {"prompt": "p", "dataset": "d", "results": {"m": {"score": 0.5, "cost_usd": 0.002}}}
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n\n")
    (outcome,) = read_outcomes([path], prices={"m": (1.0, 1.0)})
    assert (outcome.id, outcome.scores, outcome.costs_usd) == (f"{path}:1", {"m": 0.5}, {"m": 0.002})


@pytest.mark.parametrize("line", ["{", "[1]", '{"prompt": "p"}', '{"scores": {"m": 1}}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"prompt": "p", "scores": {"m": 1}}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"c\.jsonl:2"):
        read_outcomes([path])


def test_reads_prices_however_deep(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"x": {"m": {"input_per_M": 0.2, "output_per_M": 0.4, "size": "7B"}}}', encoding="utf-8")
    assert read_prices(path) == {"m": (0.2, 0.4)}


def test_evaluates_the_cheapest_against_the_best_beside_its_baselines(tmp_path: Path) -> None:
    outcomes = read_outcomes([outcomes_file(tmp_path / "o.jsonl")])
    report = evaluate_outcomes(outcomes, score=len, seed=1, resamples=50)
    assert (report.weak, report.strong, report.best_single.model) == ("small", "big", "big")
    assert report.apgr.value == pytest.approx(0.8)  # the 4 failing prompts come first: 1 - 4 / 10 / 2
    assert report.cpt50.value == pytest.approx(0.2)
    assert report.cpt80.value == pytest.approx(0.32)
    assert report.length_apgr == pytest.approx(0.8)
    assert report.random_apgr == pytest.approx(0.5, abs=0.1)
    assert report.saving == pytest.approx(1 - (4 * 0.01 + 6 * 0.001) / (10 * 0.01))
    assert report.random_saving == pytest.approx(0.0)
    assert report.aiq is not None
    assert report.aiq > 0.8
    assert report.random_aiq == pytest.approx(0.8)
    assert [(g.group, g.prompts) for g in report.groups] == [("even", 5), ("odd", 5)]


def test_a_group_without_a_gap_has_no_apgr(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a", "task": "same", "scores": {"m": 1, "n": 1}},
        {"prompt": "bb", "task": "gap", "scores": {"m": 0, "n": 1}},
        {"prompt": "c", "task": "gap", "scores": {"m": 1, "n": 1}},
    ]
    report = evaluate_outcomes(read_outcomes([written(tmp_path / "g.jsonl", *rows)]), score=len, resamples=20)
    assert {group.group: group.apgr for group in report.groups} == {"gap": pytest.approx(0.75), "same": None}
    assert report.saving is None
    assert report.aiq is None


def test_single_models_are_ranked_by_quality_then_price(tmp_path: Path) -> None:
    row = {"prompt": "p", "scores": {"a": 1, "b": 1, "c": 0.5}, "costs_usd": {"a": 2, "b": 1, "c": 0}}
    singles = single_models(read_outcomes([written(tmp_path / "s.jsonl", row)]))
    assert [single.model for single in singles] == ["b", "a", "c"]


def test_an_unknown_model_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    outcomes = read_outcomes([outcomes_file(tmp_path / "o.jsonl")])
    with pytest.raises(ValueError, match="scored here: big, small"):
        evaluate_outcomes(outcomes, score=len, weak="tiny")


def test_one_model_leaves_nothing_to_route(tmp_path: Path) -> None:
    outcomes = read_outcomes([written(tmp_path / "o.jsonl", {"prompt": "p", "scores": {"m": 1}})])
    with pytest.raises(ValueError, match="nothing to route between"):
        evaluate_outcomes(outcomes, score=len)
