import json

import pytest
from pydantic import ValidationError

from graphs.seo.schemas import Recommendations, picks_of

ITEM = {
    "title": "Write about batteries",
    "category": "content",
    "priority": "high",
    "description": "d",
    "rationale": "r",
    "effort": "low",
    "impact": "high",
    "implementation_steps": ["a", "b", "c"],
}


def parsed(count: int, **changes: object) -> Recommendations:
    return Recommendations.model_validate_json(json.dumps({"recommendations": [ITEM | changes] * count}))


def test_a_run_makes_eight() -> None:
    assert len(parsed(8).recommendations) == 8
    for count in (7, 9):
        with pytest.raises(ValidationError):
            parsed(count)


@pytest.mark.parametrize(
    "changes",
    [
        {"implementation_steps": ["a", "b"]},
        {"implementation_steps": list("abcdef")},
        {"priority": "urgent"},
        {"title": " "},
        {"url": "https://evil.example/"},
    ],
)
def test_each_has_exactly_its_fields(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        parsed(8, **changes)


def test_capitals_are_no_misfit() -> None:
    item = parsed(8, priority=" High", category="User Experience").recommendations[0]
    assert (item.priority, item.category) == ("high", "user experience")


@pytest.mark.parametrize("picks", [[0], [4], [], [1, 2, 3], ["https://evil.example/"]])
def test_picks_are_numbers_of_what_was_offered(picks: list[object]) -> None:
    schema = picks_of(3, at_most=2)
    assert schema.model_validate({"picks": [1, 3]}).picks == [1, 3]
    with pytest.raises(ValidationError):
        schema.model_validate({"picks": picks})
