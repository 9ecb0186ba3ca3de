from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from langchain_modelrouter.evaluation.perturb import robustness
from langchain_modelrouter.routing.classifiers.local import LocalClassifier
from langchain_modelrouter.routing.classifiers.text_model import Layers, TextModel
from langchain_modelrouter.routing.request import RouteRequest

PROMPTS = {
    "hello, how are you today?": "simple",
    "who painted the ceiling of the Sistine Chapel": "simple",
    "Write a cheerful welcome email for the new members of our rowing club.": "general",
    "What are the pros and cons of moving to the countryside with small children?": "general",
    "A tank holds 240 litres and drains at 8 litres per minute. How long until it is a quarter full?": "reasoning",
    "Solve for x: 3x^2 - 12x + 9 = 0": "reasoning",
    "Write a Python function that reverses a linked list": "code",
    "why does my javascript map() return undefined": "code",
    "remind me to water the plants tomorrow at 7 am": "agent",
    "what's the weather in Lima right now": "agent",
}


def classify(text: str, **knobs: object) -> str:
    found = LocalClassifier()(replace(RouteRequest(text=text), **knobs))  # type: ignore[arg-type]
    assert found is not None
    return found.task


@pytest.mark.parametrize(("text", "task"), PROMPTS.items())
def test_tells_plain_cases_apart(text: str, task: str) -> None:
    assert classify(text) == task


def test_harmless_changes_change_no_plain_case() -> None:
    kinds = {item.kind: item.changed for item in robustness(list(PROMPTS), classify)}
    assert {kind: share for kind, share in kinds.items() if kind != "typos"} == dict.fromkeys(
        kinds.keys() - {"typos"}, 0.0
    )
    assert kinds["typos"] <= 0.1


def test_probabilities_are_over_the_five_tasks_and_sum_to_one() -> None:
    found = LocalClassifier()(RouteRequest(text="what is a fjord"))
    assert found is not None
    assert set(found.probabilities) == {"simple", "general", "reasoning", "code", "agent"}
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert found.confidence == max(found.probabilities.values()) == found.probabilities[found.task]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_says_nothing_without_text(text: str) -> None:
    assert LocalClassifier()(RouteRequest(text=text)) is None


def agent_odds(**knobs: object) -> float:
    request = replace(RouteRequest(text="the invoice of the flower shop"), **knobs)  # type: ignore[arg-type]
    found = LocalClassifier()(request)
    assert found is not None
    return found.probabilities["agent"]


def test_tools_raise_agent_most_of_all_one_that_the_text_names() -> None:
    odds = [
        agent_odds(),
        agent_odds(tool_names=("get_weather",)),
        agent_odds(tool_names=("find_invoice",)),
    ]
    assert all(less < more for less, more in pairwise(odds))
    assert agent_odds(last_message_type="tool") == pytest.approx(odds[2])


def test_tools_do_not_turn_plain_arithmetic_into_an_action() -> None:
    assert classify("Solve for x: 3x^2 - 12x + 9 = 0", tool_names=("get_weather",)) == "reasoning"


def test_a_short_follow_up_is_less_sure() -> None:
    first, later = (LocalClassifier()(RouteRequest(text="and in Python?", turn=turn)) for turn in (1, 2))
    assert first is not None
    assert later is not None
    assert later.confidence < first.confidence


@pytest.mark.parametrize(
    "knobs", [{"needs": frozenset({"images"})}, {"needs": frozenset({"json_schema"})}, {"system": "x" * 3000}]
)
def test_images_schema_and_a_long_system_prompt_lower_simple(knobs: dict[str, object]) -> None:
    def simple(request: RouteRequest) -> float:
        found = LocalClassifier()(request)
        assert found is not None
        return found.probabilities["simple"]

    bare = RouteRequest(text="what is this")
    assert simple(replace(bare, **knobs)) < simple(bare)  # type: ignore[arg-type]


def test_uses_the_weights_and_labels_of_a_user(tmp_path: Path) -> None:
    layers = Layers(("sales", "support"), floors=(0.0, 0.0), output=((0.1, 0.0), (0.0, 0.1)), bias=(0.0, 0.0))
    model = TextModel.from_weights(layers, ["price", "broken"], bytes([50, 0, 0, 50]))
    path = tmp_path / "mine.weights"
    path.write_bytes(model.to_bytes())
    found = LocalClassifier(path)(RouteRequest(text="my lamp is broken", tool_names=("lookup",)))
    assert found is not None
    assert (found.task, set(found.probabilities)) == ("support", {"sales", "support"})
