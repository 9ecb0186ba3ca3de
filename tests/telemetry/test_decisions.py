import json
import logging

import pytest

from langchain_modelrouter.telemetry.names import DECISION_LOGGER
from tests.doors import Door, router_over, scripted


async def test_one_line_of_json_per_decision_without_the_prompt(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    router = router_over(scripted("yes", name="alpha"), scripted("yes", name="beta"))
    with caplog.at_level(logging.INFO, DECISION_LOGGER):
        await door(router, "a private prompt", {"configurable": {"thread_id": "t"}})
    (line,) = [one for one in caplog.records if one.name == DECISION_LOGGER]
    said = json.loads(line.getMessage())
    assert (said["task"], said["ranked"], said["thread_id"]) == ("general", ["alpha", "beta"], "t")
    assert said["reason"]
    assert "private" not in caplog.text


def test_the_prompt_is_logged_where_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, DECISION_LOGGER):
        router_over(scripted("yes", name="alpha")).invoke("a private prompt")
    assert '"prompt": "a private prompt"' in caplog.text
