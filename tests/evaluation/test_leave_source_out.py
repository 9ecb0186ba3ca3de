import pytest

pytest.importorskip("scipy", reason="the `train` extra is not installed")

from langchain_modelrouter.evaluation.examples import Example
from langchain_modelrouter.evaluation.leave_source_out import Verdict, best_temperature, leave_source_out, source_folds


def test_folds_keep_sources_whole_and_what_one_hand_wrote_together() -> None:
    examples = [Example("x", "a", source) for source in ("p", "p", "p", "q", "own_a_1", "own_b_2", "r")]
    parts = source_folds(examples, 2)
    assert sorted(name for part in parts for name in part) == ["own", "p", "q", "r"]


def test_a_label_of_one_source_only_is_not_judged() -> None:
    words = {"sales": "the price of a lamp", "support": "the lamp is broken"}
    examples = [Example(f"{words[label]} {n}", label, s) for s in "pqr" for label in words for n in range(5)]
    found = leave_source_out([*examples, *[Example("refund me", "refund", "p")] * 4], folds=3)
    assert found is not None
    assert found.metrics.count == len(examples)
    assert set(found.metrics.confusion) == set(words)


def test_processes_side_by_side_find_the_same() -> None:
    words = {"sales": "the price of a lamp", "support": "the lamp is broken"}
    examples = [Example(f"{words[label]} {n}", label, s) for s in "pq" for label in words for n in range(5)]
    assert leave_source_out(examples, folds=2, workers=2) == leave_source_out(examples, folds=2)


def test_nothing_is_said_of_one_source() -> None:
    assert leave_source_out([Example("one", "a", "s"), Example("two", "b", "s")]) is None


def test_temperature_is_above_1_where_the_log_odds_claim_too_much() -> None:
    right = Verdict(Example("x", "a", "s"), {"a": 4.0, "b": 0.0})
    wrong = Verdict(Example("x", "b", "s"), {"a": 4.0, "b": 0.0})
    # three of four are right: the fitting log-odds are ln 3
    assert best_temperature([right] * 3 + [wrong]) == pytest.approx(4.0 / 1.0986, rel=1e-3)
