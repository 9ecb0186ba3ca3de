import pytest

from langchain_modelrouter.routing.classifiers.difficulty import difficulty
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.rules import by_priority, first_match, holds
from langchain_modelrouter.routing.settings import RuleConfig, RuleThen, RuleWhen


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("Write SQL please", True),
        ("a left  JOIN of two tables", True),
        ("joined forces", False),
        ("mysql", False),
        ("sql.", True),
        ("", False),
    ],
)
def test_keywords_are_whole_words_in_any_case_and_any_of_them_will_do(text: str, does: bool) -> None:
    assert holds(RuleWhen(keywords=("sql", "left join")), RouteRequest(text=text)) is does


@pytest.mark.parametrize(
    ("when", "request_", "does"),
    [
        (RuleWhen(tags=frozenset({"db"})), RouteRequest(tags=frozenset({"db", "x"})), True),
        (RuleWhen(tags=frozenset({"db", "y"})), RouteRequest(tags=frozenset({"db"})), False),
        (RuleWhen(min_input_tokens=10), RouteRequest(input_tokens=9), False),
        (RuleWhen(min_input_tokens=10), RouteRequest(input_tokens=10), True),
        (RuleWhen(max_input_tokens=10), RouteRequest(input_tokens=11), False),
        (RuleWhen(has_images=True), RouteRequest(needs=frozenset({"images"})), True),
        (RuleWhen(has_images=False), RouteRequest(needs=frozenset({"images"})), False),
        (RuleWhen(has_tools=True), RouteRequest(tool_names=("f",)), True),
        (RuleWhen(last_message="tool"), RouteRequest(last_message_type="tool"), True),
        (RuleWhen(last_message="tool"), RouteRequest(), False),
        (RuleWhen(min_turn=2), RouteRequest(turn=1), False),
        (RuleWhen(max_words=2), RouteRequest(text="one two three"), False),
        (RuleWhen(metadata={"tier": "gold"}), RouteRequest(metadata={"tier": "gold"}), True),
        (RuleWhen(metadata={"tier": "gold"}), RouteRequest(metadata={"tier": "tin"}), False),
        (RuleWhen(keywords=("sql",), has_images=True), RouteRequest(text="sql"), False),
        (RuleWhen(), RouteRequest(), True),
    ],
)
def test_all_conditions_that_are_given_must_hold(when: RuleWhen, request_: RouteRequest, does: bool) -> None:
    assert holds(when, request_) is does


def test_a_rule_may_ask_how_hard_a_request_is() -> None:
    easy, hard = "hi there", "Prove that there are infinitely many primes congruent to 3 modulo 4, then generalise."
    assert difficulty(easy) < difficulty(hard)
    threshold = (difficulty(easy) + difficulty(hard)) / 2
    strong = RuleWhen(min_difficulty=threshold)
    assert (holds(strong, RouteRequest(text=easy)), holds(strong, RouteRequest(text=hard))) == (False, True)
    assert holds(RuleWhen(max_difficulty=threshold), RouteRequest(text=easy))


def test_the_highest_priority_goes_first_and_equals_go_as_written() -> None:
    rules = [
        RuleConfig(name=name, priority=priority, then=RuleThen(task=name))
        for name, priority in (("low", 1), ("first", 5), ("second", 5))
    ]
    ordered = by_priority(rules)
    assert [rule.name for rule in ordered] == ["first", "second", "low"]
    assert first_match(ordered, RouteRequest()) is ordered[0]
    assert first_match([], RouteRequest()) is None
