"""A router keeps decisions of one kind; what it says from memory is what it would work out anew."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from langchain_modelrouter.errors import NoEligibleModelError
from langchain_modelrouter.routing.decision import Signals
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.router import CALM, Router, Situation, TaskChoice
from langchain_modelrouter.routing.settings import RoutingConfig
from tests.factories import model_info, router_of

SMALL = model_info("small", context_window=1000)
LARGE = model_info("large", context_window=100_000, tags={"family": "llama"})
PICTURES = model_info("pictures", capabilities={"tools", "images"}, tags={"family": "llama"})


def a_router(routing: RoutingConfig | None = None) -> Router:
    return router_of(
        SMALL, LARGE, PICTURES, preset={"default": ("small", "large"), "code": ("large",)}, routing=routing
    )


REQUESTS = [
    RouteRequest(task=task, input_tokens=tokens, needs=frozenset(needs), tags=frozenset(tags), model=model)
    for task, tokens, needs, tags, model in itertools.product(
        ("general", "code"), (10, 5000), ((), ("images",)), ((), ("family=llama",)), (None, "large")
    )
]


def answer(router: Router, request: RouteRequest, **more: Any) -> Any:
    try:
        return router.decide(request, **more).to_dict()
    except NoEligibleModelError as error:
        return str(error)


def test_what_is_remembered_is_what_a_new_router_says() -> None:
    router = a_router()
    for request in [*REQUESTS, *reversed(REQUESTS), *REQUESTS]:
        assert answer(router, request) == answer(a_router(), request)


def test_the_same_decision_is_given_again() -> None:
    router = a_router()
    first = router.decide(RouteRequest(task="code", input_tokens=10))
    assert router.decide(RouteRequest(task="code", input_tokens=11)) is first


def test_each_choice_of_the_task_keeps_its_own_confidence() -> None:
    router = a_router()
    for confidence in (0.5, 0.7, None):
        choice = TaskChoice("code", "classifier:x", confidence, note="a note" if confidence is None else None)
        decision = router.decide(RouteRequest(), choice=choice)
        assert (decision.confidence, decision.notes) == (confidence, ("a note",) if confidence is None else ())


def test_signals_are_looked_at_where_the_outlook_is_unknown_or_another() -> None:
    router = a_router()
    request = RouteRequest(task="general")
    assert router.decide(request).model.key == "small"
    resting = {"small": Signals(resting_s=3.0)}
    tired = Situation(lambda key: resting.get(key, Signals()))
    assert router.decide(request, situation=tired).model.key == "large"
    out = Situation(lambda key: Signals(unavailable="no key" if key == "small" else None), outlook=("small",))
    assert router.decide(request, situation=out).refused == {"small": "no key"}
    assert router.decide(request, situation=CALM).model.key == "small"


@pytest.mark.parametrize(
    "routing", [RoutingConfig(strategy="cheapest"), RoutingConfig(saturation=1), RoutingConfig(max_cost_usd=Decimal(1))]
)
def test_what_depends_on_size_price_or_load_is_worked_out_each_time(routing: RoutingConfig) -> None:
    router = a_router(routing)
    first = router.decide(RouteRequest(task="code", input_tokens=10))
    assert router.decide(RouteRequest(task="code", input_tokens=10)) is not first
