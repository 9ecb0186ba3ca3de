"""Shared fixtures: no keys and no configuration of the machine, the four doors, a simulator with its configuration."""

import os
from collections.abc import Iterator

import pytest

from langchain_modelrouter import RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.testing import fault_server
from tests.doors import DOORS, STREAM_DOORS, Door


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test see the keys, the tracing or the configuration of whoever runs it."""
    for name in os.environ:
        if name.endswith("_API_KEY") or name.startswith(("LANGSMITH_", "LANGCHAIN_", "MODELROUTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    """Each of the four doors in turn."""
    chosen: Door = request.param
    return chosen


@pytest.fixture(params=STREAM_DOORS)
def stream_door(request: pytest.FixtureRequest) -> Door:
    """`stream` and `astream` in turn."""
    chosen: Door = request.param
    return chosen


@pytest.fixture
def served() -> Iterator[tuple[Simulator, RouterConfig]]:
    """A simulator without latency, and the built-in configuration that calls it."""
    with fault_server() as (simulator, config):
        yield simulator, config
