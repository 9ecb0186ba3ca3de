import pytest

from langchain_modelrouter.routing.classifiers.complexity import ComplexityClassifier
from langchain_modelrouter.routing.request import RouteRequest


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("What is a glacier?", "simple"),
        ("ok then", "simple"),
        ("Please define the word serendipity for a group of ten-year-old pupils in my town", "simple"),
        ("Fix this function for me", "code"),
        ("Compare renting and buying a flat in Lyon for the two of us and our dog", "reasoning"),
        ("word " * 101, "reasoning"),
        ("Tell my neighbour in a friendly note that his tree drops leaves on our side", "general"),
    ],
)
def test_follows_the_rules_of_thumb(text: str, task: str) -> None:
    found = ComplexityClassifier()(RouteRequest(text=text))
    assert found is not None
    assert found.task == task
    assert found.confidence == found.probabilities[task] == 0.48
    assert sum(found.probabilities.values()) == pytest.approx(1.0)


def test_says_nothing_without_text() -> None:
    assert ComplexityClassifier()(RouteRequest()) is None


def test_takes_other_names_for_the_tasks() -> None:
    found = ComplexityClassifier(simple="cheap", other="cheap", complex="strong", code="strong")(
        RouteRequest(text="hi")
    )
    assert found is not None
    assert (found.task, set(found.probabilities)) == ("cheap", {"cheap", "strong"})
