import pytest

from langchain_modelrouter.routing.fallbacks import chain, of_size, pick, split
from langchain_modelrouter.routing.settings import FallbackConfig
from tests.factories import model_info, registry_of

TINY = model_info("tiny", size="tiny", canonical="llama-8b")
TWIN = model_info("twin", size="tiny", canonical="llama-8b", provider="q")
PEER = model_info("peer", size="tiny")
CHEAP = model_info("cheap", size="small", input_usd_per_mtok="0.1")
DEAR = model_info("dear", size="small", input_usd_per_mtok="9")
HUGE = model_info("huge", size="large")
OLD = model_info("old", size="large", tags={"status": "retired"})
EMBEDDER = model_info("embedder", size="large", capabilities={"embeddings"})
ALL = registry_of(HUGE, DEAR, CHEAP, PEER, TWIN, TINY, OLD, EMBEDDER)


def keys(models: object) -> list[str]:
    return [model.key for model in models]  # type: ignore[attr-defined]


def test_the_same_model_elsewhere_goes_first_then_its_size_then_larger_ones_cheapest_first() -> None:
    assert keys(chain([TINY], ALL, FallbackConfig())) == ["tiny", "twin", "peer", "cheap", "dear", "huge"]


def test_the_order_is_configured() -> None:
    assert keys(chain([TINY], ALL, FallbackConfig(order=("larger",)))) == ["tiny", "cheap", "dear", "huge"]
    assert keys(chain([TINY], ALL, FallbackConfig(order=()))) == ["tiny"]


def test_a_models_own_fallbacks_go_before_the_order() -> None:
    config = FallbackConfig(models={"tiny": ("huge",)})
    assert keys(chain([TINY], ALL, config))[:3] == ["tiny", "huge", "twin"]


def test_no_model_comes_twice() -> None:
    line = keys(chain([TINY, TWIN], ALL, FallbackConfig()))
    assert len(line) == len(set(line))
    assert line[:2] == ["tiny", "twin"]


def test_without_a_preset_the_size_chooses_the_next_larger_before_the_smaller() -> None:
    assert keys(of_size("medium", ALL)) == ["huge", "cheap", "dear", "peer", "tiny", "twin"]


@pytest.mark.parametrize(("draw", "drawn"), [(0.0, "a"), (0.8999, "a"), (0.9, "b"), (0.9999, "b")])
def test_a_draw_falls_on_a_share(draw: float, drawn: str) -> None:
    assert pick({"a": 90, "b": 10}, draw) == drawn


def test_a_share_of_zero_is_never_drawn() -> None:
    assert {pick({"a": 0, "b": 1, "c": 0}, draw / 100) for draw in range(100)} == {"b"}


def test_a_canary_falls_back_to_what_it_stands_in_for() -> None:
    shares = {"tiny": {"tiny": 90.0, "huge": 10.0}}
    assert keys(split([TINY], ALL, shares, 0.95)) == ["huge", "tiny"]
    assert keys(split([TINY], ALL, shares, 0.5)) == ["tiny"]
    assert keys(split([PEER], ALL, shares, 0.95)) == ["peer"]
