import random

import pytest

from langchain_modelrouter.evaluation.perturb import (
    GREETINGS,
    PERTURBATIONS,
    THANKS,
    greeting,
    politeness,
    robustness,
    typo,
)

TEXT = "Which harbour town has the oldest lighthouse, and who built it for the fishing fleet?"


def test_greeting_and_politeness_leave_the_text_whole() -> None:
    draw = random.Random(1)
    assert greeting(TEXT, draw) in {start + TEXT for start in GREETINGS}
    assert politeness(TEXT, draw) in {TEXT + end for end in THANKS}


@pytest.mark.parametrize("seed", range(5))
def test_typos_change_one_place_for_each_60_characters(seed: int) -> None:
    changed = typo(TEXT, random.Random(seed))
    assert changed != TEXT
    assert abs(len(changed) - len(TEXT)) <= 2
    assert typo(TEXT, random.Random(seed)) == changed


@pytest.mark.parametrize("text", ["", "a", "12 34", "ok"])
def test_every_change_bears_any_text(text: str) -> None:
    assert all(isinstance(change(text, random.Random(0)), str) for change in PERTURBATIONS.values())


def test_counts_the_decisions_that_change() -> None:
    found = {
        item.kind: item for item in robustness(["abc", "ABC", "x"], lambda text: "up" if text.isupper() else "low")
    }
    assert found["upper_case"].changed == pytest.approx(2 / 3)
    assert found["lower_case"].changed == pytest.approx(1 / 3)
    assert found["greeting"].count == 3


def test_is_0_for_no_texts() -> None:
    assert {item.changed for item in robustness([], str)} == {0.0}
