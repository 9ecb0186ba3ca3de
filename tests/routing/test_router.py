from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType

import pytest

from langchain_modelrouter.errors import (
    NoEligibleModelError,
    UnknownModelError,
    UnknownPresetError,
    UnknownTaskError,
)
from langchain_modelrouter.routing.classification import Classification
from langchain_modelrouter.routing.decision import Signals
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.router import QUIET, Situation
from langchain_modelrouter.routing.settings import (
    FallbackConfig,
    RoutingConfig,
    RuleConfig,
    RuleThen,
    RuleWhen,
    TaskConfig,
)
from tests.factories import model_info, router_of

A, B, C = model_info("a"), model_info("b"), model_info("c", size="large")


def signals(**of: Signals) -> Callable[[str], Signals]:
    return lambda key: of.get(key, QUIET)


class Says:
    name = "says"

    def __init__(self, task: str | None) -> None:
        self.task = task

    def __call__(self, request: RouteRequest) -> Classification | None:
        if self.task == "boom":
            raise ValueError("broken")
        return None if self.task is None else Classification(self.task, 0.9, MappingProxyType({}))


SQL = RuleConfig(name="sql", when=RuleWhen(keywords=("sql",)), then=RuleThen(task="code"))


def test_an_explicit_task_goes_before_a_rule_and_a_rule_before_the_classifier() -> None:
    router = router_of(A, routing=RoutingConfig(rules=(SQL,)), classifier=Says("general"))
    assert router.decide(RouteRequest(text="sql", task="general")).task_source == "explicit"
    by_rule = router.decide(RouteRequest(text="sql"))
    assert (by_rule.task, by_rule.task_source) == ("code", "rule:sql")
    classified = router.decide(RouteRequest(text="hello"))
    assert (classified.task, classified.task_source, classified.confidence) == ("general", "classifier:says", 0.9)


@pytest.mark.parametrize("said", [None, "boom", "no such task"])
def test_a_classifier_that_cannot_say_leaves_the_default_and_a_note(said: str | None) -> None:
    decision = router_of(A, classifier=Says(said)).decide(RouteRequest(text="x"))
    assert (decision.task, decision.task_source) == ("general", "default")
    assert "says" in decision.notes[0]


def test_a_category_means_what_the_configuration_says() -> None:
    router = router_of(A, routing=RoutingConfig(category_tasks={"simple": "code"}), classifier=Says("simple"))
    assert router.decide(RouteRequest(text="x")).task == "code"


def test_the_presets_order_is_kept_and_fallbacks_follow() -> None:
    router = router_of(A, B, C, preset={"code": ("c", "a"), "default": ("b",)})
    assert [model.key for model in router.decide(RouteRequest(task="code")).ranked] == ["c", "a", "b"]
    assert router.decide(RouteRequest(task="general")).model.key == "b"


def test_a_task_that_no_preset_names_goes_by_its_size() -> None:
    router = router_of(A, B, C, preset={"code": ("a",)}, tasks={"code": TaskConfig(), "hard": TaskConfig(size="large")})
    assert router.decide(RouteRequest(task="hard")).model.key == "c"


def test_a_forced_model_stands_alone_unless_it_may_fall_back() -> None:
    router = router_of(A, B, aliases={"mine": "b"})
    assert [model.key for model in router.decide(RouteRequest(model="mine")).ranked] == ["b"]
    assert [model.key for model in router.decide(RouteRequest(model="mine", fallback=True)).ranked] == ["b", "a"]


def test_a_rule_may_set_the_model_and_it_may_fall_back() -> None:
    rule = RuleConfig(name="big", then=RuleThen(model="c"))
    decision = router_of(A, C, routing=RoutingConfig(rules=(rule,))).decide(RouteRequest())
    assert (decision.model.key, decision.reason) == ("c", "rule:big sets c")


def test_who_cannot_serve_is_refused_with_a_reason_and_the_next_one_serves() -> None:
    blind, sighted = model_info("blind"), model_info("sighted", capabilities={"images"})
    decision = router_of(blind, sighted).decide(RouteRequest(needs=frozenset({"images"})))
    assert decision.model.key == "sighted"
    assert "images" in decision.refused["blind"]


def test_nobody_can_serve() -> None:
    with pytest.raises(NoEligibleModelError) as caught:
        router_of(A, B).decide(RouteRequest(needs=frozenset({"audio"})))
    assert set(caught.value.refused) == {"a", "b"}


def test_resting_models_go_last_and_the_reason_says_who_stands_in() -> None:
    situation = Situation(signals(a=Signals(resting_s=3.0)))
    decision = router_of(A, B).decide(RouteRequest(), situation=situation)
    assert [model.key for model in decision.ranked] == ["b", "a"]
    assert decision.reason == "b stands in for a, which is resting or saturated"


def test_a_saturated_model_goes_after_a_free_one() -> None:
    busy = Situation(signals(a=Signals(in_flight=8)))
    assert router_of(A, B, routing=RoutingConfig(saturation=8)).decide(RouteRequest(), situation=busy).model.key == "b"
    assert router_of(A, B, routing=RoutingConfig(saturation=9)).decide(RouteRequest(), situation=busy).model.key == "a"


def test_a_thread_stays_on_its_model_unless_that_rests() -> None:
    router = router_of(A, B)
    assert router.decide(RouteRequest(), situation=Situation(sticky_model="b")).model.key == "b"
    resting = Situation(signals(b=Signals(resting_s=1.0)), sticky_model="b")
    assert router.decide(RouteRequest(), situation=resting).model.key == "a"


def test_a_budget_that_runs_out_downgrades_to_the_cheapest() -> None:
    cheap = model_info("cheap", input_usd_per_mtok="0.1", output_usd_per_mtok="0.1")
    situation = Situation(budget_left_usd=Decimal("0.01"))
    assert router_of(A, cheap).decide(RouteRequest(), situation=situation).model.key == "cheap"


def test_the_same_request_gives_the_same_decision() -> None:
    router = router_of(A, B, routing=RoutingConfig(splits={"a": {"a": 50, "b": 50}}))
    draws = [draw / 20 for draw in range(20)]
    first = [router.decide(RouteRequest(draw=draw)).model.key for draw in draws]
    assert first == [router.decide(RouteRequest(draw=draw)).model.key for draw in draws]
    assert set(first) == {"a", "b"}


def test_unknown_names_list_the_known_ones_nearest_first() -> None:
    router = router_of(A, B)
    with pytest.raises(UnknownTaskError, match=r"Did you mean 'code'\? Known: code, general"):
        router.decide(RouteRequest(task="coed"))
    with pytest.raises(UnknownModelError):
        router.decide(RouteRequest(model="x"))
    with pytest.raises(UnknownPresetError):
        router.decide(RouteRequest(), preset="x")


def test_a_decision_is_plain_data() -> None:
    import json

    decision = router_of(A, B, fallback=FallbackConfig(order=())).decide(RouteRequest(task="code"))
    assert json.loads(json.dumps(decision.to_dict()))["ranked"] == ["a"]
