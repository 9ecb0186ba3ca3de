import pytest

from langchain_modelrouter.evaluation.classification_metrics import (
    classification_metrics,
    expected_calibration_error,
    reliability,
)

TRUTH = ["a", "a", "a", "b", "b", "c"]
ANSWERS = ["a", "a", "b", "b", "c", "a"]


def test_accuracy_recall_precision_and_f1_by_hand() -> None:
    found = classification_metrics(TRUTH, ANSWERS)
    assert found.accuracy == pytest.approx(3 / 6)
    assert found.classes["a"].recall == pytest.approx(2 / 3)
    assert found.classes["a"].precision == pytest.approx(2 / 3)
    assert (found.classes["b"].recall, found.classes["b"].precision) == (0.5, 0.5)
    assert (found.classes["c"].recall, found.classes["c"].f1) == (0.0, 0.0)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert {label: item.support for label, item in found.classes.items()} == {"a": 3, "b": 2, "c": 1}


def test_confusion_counts_truth_by_answer() -> None:
    assert classification_metrics(TRUTH, ANSWERS).confusion == {
        "a": {"a": 2, "b": 1, "c": 0},
        "b": {"a": 0, "b": 1, "c": 1},
        "c": {"a": 1, "b": 0, "c": 0},
    }


def test_an_answer_that_never_is_true_does_not_count_in_macro_f1() -> None:
    found = classification_metrics(["a", "a"], ["a", "z"])
    assert found.macro_f1 == pytest.approx(2 / 3)
    assert found.classes["z"].precision == 0.0


def test_calibration_by_hand() -> None:
    bins = reliability([True, True, False, True], [0.9, 0.9, 0.9, 0.3], bins=5)
    assert [(item.count, item.accuracy) for item in bins] == [(1, 1.0), (3, pytest.approx(2 / 3))]
    assert expected_calibration_error(bins) == pytest.approx((1 * 0.7 + 3 * (0.9 - 2 / 3)) / 4)


def test_ece_is_none_without_confidences_and_0_when_right_as_often_as_said() -> None:
    assert classification_metrics(TRUTH, ANSWERS).ece is None
    assert classification_metrics(TRUTH, ANSWERS, [0.5] * 6).ece == pytest.approx(0.0)


def test_confidence_0_and_1_have_a_bin() -> None:
    assert sum(item.count for item in reliability([True, False], [1.0, 0.0])) == 2


@pytest.mark.parametrize(
    ("truth", "answers", "confidences"), [([], [], []), (["a"], [], []), (["a"], ["a"], [0.1, 0.2])]
)
def test_refuses_what_cannot_be_compared(truth: list[str], answers: list[str], confidences: list[float]) -> None:
    with pytest.raises(ValueError, match="no match"):
        classification_metrics(truth, answers, confidences)
