from collections import Counter

import pytest

from langchain_modelrouter.errors import NoEligibleModelError, UnknownStrategyError
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import BalancedWeights, RoutingConfig
from langchain_modelrouter.routing.strategies import STRATEGIES, strategy_named
from langchain_modelrouter.routing.strategies.balanced import Balanced
from langchain_modelrouter.routing.strategies.cheapest import cheapest
from langchain_modelrouter.routing.strategies.fastest import Fastest
from langchain_modelrouter.routing.strategies.least_busy import least_busy
from langchain_modelrouter.routing.strategies.preset import preset
from langchain_modelrouter.routing.strategies.weighted import Weighted
from tests.factories import candidate, model_info

REQUEST = RouteRequest(input_tokens=1000, output_tokens=1000)
DEAR = model_info("dear", input_usd_per_mtok="5", output_usd_per_mtok="5", tokens_per_s=100, quality=0.9)
CHEAP = model_info("cheap", tokens_per_s=50, quality=0.5)
UNPRICED = model_info("unpriced", input_usd_per_mtok=None, output_usd_per_mtok=None)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_ranks_all_candidates_once_and_gives_a_reason(name: str) -> None:
    candidates = [candidate(DEAR), candidate(CHEAP, 1), candidate(UNPRICED, 2)]
    decision = strategy_named(name, RoutingConfig())(REQUEST, candidates)
    assert {model.key for model in decision.ranked} == {"dear", "cheap", "unpriced"}
    assert decision.strategy == name
    assert decision.ranked[0].key in decision.reason


def test_an_unknown_strategy_is_named() -> None:
    with pytest.raises(UnknownStrategyError, match="Did you mean 'cheapest'"):
        strategy_named("cheapst", RoutingConfig())


def test_preset_says_when_the_first_choice_could_not_serve() -> None:
    assert "number 3 in line" in preset(REQUEST, [candidate(CHEAP, 2)]).reason


def test_cheapest_puts_an_unknown_price_last() -> None:
    decision = cheapest(REQUEST, [candidate(UNPRICED), candidate(DEAR), candidate(CHEAP)])
    assert [model.key for model in decision.ranked] == ["cheap", "dear", "unpriced"]
    assert "$0.002000" in decision.reason


def test_fastest_draws_among_those_within_the_buffer_only() -> None:
    near = model_info("near", tokens_per_s=95)
    candidates = [candidate(CHEAP), candidate(DEAR), candidate(near)]
    drawn = Counter(
        Fastest(0.1)(RouteRequest(output_tokens=1000, draw=draw / 10), candidates).ranked[0].key for draw in range(10)
    )
    assert drawn == {"dear": 5, "near": 5}


def test_fastest_believes_what_was_measured() -> None:
    slow_now = candidate(DEAR, ttft_s=30.0, tokens_per_s=100)
    assert Fastest()(REQUEST, [slow_now, candidate(CHEAP)]).ranked[0].key == "cheap"


def test_least_busy_counts_calls_in_flight() -> None:
    assert least_busy(REQUEST, [candidate(DEAR, in_flight=3), candidate(CHEAP, in_flight=2)]).ranked[0].key == "cheap"


def test_weighted_follows_the_weights() -> None:
    strategy = Weighted({"dear": 3, "cheap": 1})
    candidates = [candidate(CHEAP), candidate(DEAR), candidate(UNPRICED)]
    first = Counter(strategy(RouteRequest(draw=draw / 100), candidates).ranked[0].key for draw in range(100))
    assert first == {"dear": 75, "cheap": 25}
    assert strategy(RouteRequest(draw=0.0), candidates).ranked[-1].key == "unpriced"


@pytest.mark.parametrize(
    ("weights", "first"),
    [
        (BalancedWeights(price=1, latency=0, quality=0), "cheap"),
        (BalancedWeights(price=0, latency=1, quality=0), "dear"),
        (BalancedWeights(price=0, latency=0, quality=1), "dear"),
        (BalancedWeights(max_cost_usd="0.005"), "cheap"),
        (BalancedWeights(price=1, latency=0, quality=0, min_quality=0.8), "dear"),
        (BalancedWeights(min_quality=1, on_no_candidates="cheapest"), "cheap"),
    ],
)
def test_balanced_weighs_and_heeds_ceilings(weights: BalancedWeights, first: str) -> None:
    assert Balanced(weights)(REQUEST, [candidate(DEAR), candidate(CHEAP)]).ranked[0].key == first


def test_balanced_refuses_where_it_is_told_to() -> None:
    with pytest.raises(NoEligibleModelError, match="quality is below 1"):
        Balanced(BalancedWeights(min_quality=1, on_no_candidates="fail"))(REQUEST, [candidate(CHEAP)])
