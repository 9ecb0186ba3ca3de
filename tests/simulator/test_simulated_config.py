import math

import pytest

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated, simulated_providers


def test_everything_but_the_way_to_the_providers_stays() -> None:
    config = RouterConfig.builtin()
    server = Simulator(config.registry, speed=math.inf)
    changed = simulated(config, server)
    assert changed.models == config.models
    assert changed.presets == config.presets
    assert changed.aliases == config.aliases
    assert changed.active_preset == config.active_preset
    assert changed.model_dump(exclude={"providers", "extends"}) == config.model_dump(exclude={"providers", "extends"})


def test_all_providers_are_at_the_simulator_and_need_no_key() -> None:
    config = RouterConfig.model_validate(
        {"providers": {"own": {"base_url": "https://own.example/v1", "headers": {"x-key": "secret"}, "timeout_s": 7}}}
    )
    server = Simulator(config.registry)
    for key, provider in simulated(config, server).providers.items():
        assert provider.base_url == server.url(key)
        assert (provider.kind, provider.api_key_env, dict(provider.headers)) == ("openai", None, {})
    assert simulated(config, server).providers["own"].timeout_s == 7
    assert "secret" not in str(simulated_providers(config, server))


def test_the_configuration_itself_does_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RouterConfig.builtin()
    before = config.model_dump()
    simulated(config, Simulator(config.registry))
    assert config.model_dump() == before
