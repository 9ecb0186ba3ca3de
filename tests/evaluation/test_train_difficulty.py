import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

from langchain_modelrouter.evaluation.difficulty_fit import TrainingPrompt, describe, fit
from langchain_modelrouter.evaluation.train_difficulty import ranking, read_training_prompts, train_difficulty
from langchain_modelrouter.routing.classifiers.difficulty import KINDS, feature_names

OWN = Path(__file__).parents[2] / "training" / "difficulty_own.jsonl"


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_training_twice_writes_the_same_weights(tmp_path: Path) -> None:
    first, again = (train_difficulty([OWN], tmp_path / name, seed=0) for name in ("a.json", "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert first == again
    stored = json.loads((tmp_path / "a.json").read_text())
    assert set(stored["kinds"]) == set(KINDS)
    assert set(stored["kinds"]["open"]["weights"]) <= set(feature_names())


def test_groups_that_were_left_out_are_ranked_better_than_by_chance() -> None:
    report = train_difficulty([OWN], None)
    ranked = {group.group.partition(":")[2]: group.ranking for group in report.groups}
    assert set(ranked) == {"chat", "exam", "exam without options", "problem"}
    assert min(ranked.values()) > 0.6


def test_observed_failures_leave_out_models_that_cannot_do_the_group(tmp_path: Path) -> None:
    rows = [
        {"prompt": "easy", "task": "t", "scores": {"a": 1, "b": 1, "broken": 0}},
        {"prompt": "hard", "task": "t", "scores": {"a": 0, "b": 1, "broken": 0}},
    ]
    prompts = read_training_prompts([written(tmp_path / "o.jsonl", rows)])
    assert [(p.source, p.failure) for p in prompts] == [("observed", 0.0), ("observed", 0.5)]


def test_labels_tell_a_side_and_agent_requests_none(tmp_path: Path) -> None:
    rows = [
        {"text": "hi", "label": "simple", "source": "s"},
        {"text": "solve it", "label": "reasoning", "source": "s"},
        {"text": "book it", "label": "agent", "source": "s"},
    ]
    prompts = read_training_prompts([written(tmp_path / "l.jsonl", rows)])
    assert [(p.label, p.failure) for p in prompts] == [("simple", 0.3), ("reasoning", 0.5)]


def test_a_level_between_groups_does_not_count_for_observed_failures() -> None:
    """A group in which everything fails teaches nothing about its words."""
    same = [TrainingPrompt(f"write a python function {i}", "code", "observed", 1.0) for i in range(20)]
    mixed = [TrainingPrompt("poem " * (1 + i % 2), "poems", "observed", float(i % 2)) for i in range(20)]
    weights = dict(zip(feature_names(), fit(describe(same + mixed))["open"].weights, strict=True))
    assert weights["coding"] == pytest.approx(0.0, abs=1e-9)
    assert weights["length"] > 0


def test_ranking_counts_ties_as_a_half() -> None:
    assert ranking([1, 2], [0, 1], seed=0) == 1
    assert ranking([2, 1], [0, 1], seed=0) == 0
    assert ranking([1, 1], [0, 1], seed=0) == 0.5


def test_prompts_of_one_difficulty_are_refused(tmp_path: Path) -> None:
    rows = [{"prompt": p, "difficulty": 0.5, "kind": "k"} for p in "ab"]
    with pytest.raises(ValueError, match="nothing to rank"):
        train_difficulty([written(tmp_path / "d.jsonl", rows)], None)


@pytest.mark.parametrize("row", [{"difficulty": 0.5}, {"label": "code"}, {"prompt": "p"}])
def test_a_bad_line_is_named(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bad\.jsonl:1"):
        read_training_prompts([written(tmp_path / "bad.jsonl", [row])])
