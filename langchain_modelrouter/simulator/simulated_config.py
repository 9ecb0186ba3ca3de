"""A configuration whose own providers are answered by a simulator."""

from typing import Any

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator.simulator import Simulator


def simulated(config: RouterConfig, simulator: Simulator) -> RouterConfig:
    """Return `config` with the same models, names, prices and presets, and every provider at the simulator.

    No provider needs a key then, and no header of the file is sent. The result follows no file.
    """
    data = config.model_dump()
    providers = simulated_providers(config, simulator)
    data["providers"] = {key: {**entry, **providers[key]} for key, entry in data["providers"].items()}
    return RouterConfig.model_validate({**data, "extends": "none"})


def simulated_providers(config: RouterConfig, simulator: Simulator) -> dict[str, dict[str, Any]]:
    """Return a `providers:` section that sends every provider's calls to the simulator, for a file that is written."""
    return {
        key: {"base_url": simulator.url(key), "api_key_env": None, "kind": "openai", "headers": {}}
        for key in config.providers
    }
