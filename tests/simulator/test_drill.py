"""The fire drill: what it reports of configurations that survive a fault, and of one that does not."""

from typing import Any

import pytest

from langchain_modelrouter import RouterConfig
from langchain_modelrouter.simulator import FAULTS, UnknownFaultError
from langchain_modelrouter.simulator.drill import UNREACHABLE, Drilled, drill, drill_faults
from tests.faults.kit import config_of


def drilled(*faults: str, **parts: Any) -> dict[tuple[str, str], Drilled]:
    limits = {"ttft_timeout_s": 20, "idle_timeout_s": 20, "deadline_s": 120, "connect_timeout_s": 5}
    config = config_of(**{"limits": limits, "providers": {"alpha": {}, "beta": {}}, **parts})
    return {(row.fault, row.door): row for row in drill(config, faults=faults, speed=50)}


def test_a_second_provider_answers_in_place_of_the_one_that_is_struck() -> None:
    rows = drilled("unavailable", "unauthorized", "connection_refused", "hang_before_first_token")
    assert len(rows) == 8
    assert {(row.result, row.provider, row.model) for row in rows.values()} == {("answered", "alpha", "two")}
    assert [rows[fault, "invoke"].attempts for fault in ("unavailable", "unauthorized")] == [3, 2]
    assert all(row.cost_usd for row in rows.values())


def test_latencies_are_given_at_real_speed() -> None:
    row = drilled("hang_before_first_token")["hang_before_first_token", "stream"]
    assert 20 <= row.latency_s < 60


def test_with_a_single_provider_its_outage_loses_the_call() -> None:
    rows = drilled("unavailable", "no_done", presets={"mine": {"default": "one"}})
    assert rows["unavailable", "invoke"].result == "lost"
    assert rows["unavailable", "stream"].model is None
    assert "server error (status 503" in str(rows["unavailable", "invoke"].error)
    assert rows["no_done", "stream"].result == "answered"


def test_what_the_caller_has_to_see_is_no_loss() -> None:
    rows = drilled("reset_after_content", "content_filter")
    assert {key: row.result for key, row in rows.items()} == {
        ("reset_after_content", "invoke"): "answered",
        ("reset_after_content", "stream"): "by contract",
        ("content_filter", "invoke"): "by contract",
        ("content_filter", "stream"): "by contract",
    }
    buffered = drilled("reset_after_content", limits={"ttft_timeout_s": 20, "stream_buffer": "until_done"})
    assert buffered["reset_after_content", "stream"].result == "answered"


def test_the_drill_knows_every_fault_of_the_simulator() -> None:
    assert set(drill_faults()) == {*FAULTS, *UNREACHABLE}
    with pytest.raises(UnknownFaultError, match="unavailable"):
        list(drill(RouterConfig.builtin(), faults=["unavailble"]))
