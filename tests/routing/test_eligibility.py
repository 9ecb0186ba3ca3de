from decimal import Decimal

import pytest

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.routing.decision import Signals
from langchain_modelrouter.routing.eligibility import refusal
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.settings import TaskConfig
from tests.factories import model_info


@pytest.mark.parametrize(
    ("model", "request_", "says"),
    [
        (model_info(capabilities={"embeddings"}), RouteRequest(), "embeddings"),
        (model_info(), RouteRequest(needs=frozenset({"images"})), "images"),
        (model_info(context_window=100), RouteRequest(input_tokens=90, output_tokens=20), "context window of 100"),
        (model_info(tags={"family": "qwen"}), RouteRequest(tags=frozenset({"family=llama"})), "family=llama"),
        (model_info(), RouteRequest(tags=frozenset({"tier=pro"})), "tier=pro"),
    ],
)
def test_a_refusal_says_why(model: ModelInfo, request_: RouteRequest, says: str) -> None:
    reason = refusal(model, request_, TaskConfig(), Signals())
    assert reason is not None
    assert says in reason


def test_what_fits_is_not_refused() -> None:
    request = RouteRequest(input_tokens=7000, output_tokens=1000, tags=frozenset({"db", "family=llama"}))
    assert refusal(model_info(tags={"family": "llama"}), request, TaskConfig(), Signals()) is None


def test_an_unknown_window_refuses_nothing() -> None:
    assert refusal(model_info(context_window=None), RouteRequest(input_tokens=10**7), TaskConfig(), Signals()) is None


def test_a_task_may_require_what_the_call_does_not() -> None:
    task = TaskConfig(requires=frozenset({"reasoning"}))
    assert "reasoning" in str(refusal(model_info(), RouteRequest(), task, Signals()))


def test_an_outage_is_the_first_reason() -> None:
    assert refusal(model_info(), RouteRequest(), TaskConfig(), Signals(unavailable="no key")) == "no key"


def test_the_ceiling_is_on_the_expected_cost_and_an_unknown_price_may_be_above_it() -> None:
    request = RouteRequest(input_tokens=500_000, output_tokens=500_000)
    big = model_info(context_window=None)
    assert refusal(big, request, TaskConfig(), Signals(), ceiling_usd=Decimal(1)) is None
    assert "$1.000000" in str(refusal(big, request, TaskConfig(), Signals(), ceiling_usd=Decimal("0.99")))
    unpriced = model_info(output_usd_per_mtok=None, context_window=None)
    assert "unknown" in str(refusal(unpriced, request, TaskConfig(), Signals(), ceiling_usd=Decimal(1)))
