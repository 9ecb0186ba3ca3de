"""Who answers a command's calls: the configured providers or, where none has a key, the simulator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.cli import render
from langchain_modelrouter.config import RouterConfig, config_path
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated


@dataclass(frozen=True, slots=True)
class Answering:
    """A router, and the simulator where that answers in place of the providers."""

    router: RouterChatModel
    config: RouterConfig
    simulator: Simulator | None


@contextmanager
def answering(
    path: Path | None, *, live: bool = False, simulate: bool = False, preset: str | None = None
) -> Iterator[Answering]:
    """Give a router over a configuration while the block runs; say on stderr when the simulator answers.

    Raises:
        ConfigError, UnknownPresetError: see `RouterChatModel`.
        InvalidOptionError: see `is_simulated`.
    """
    config = RouterConfig.load(path)
    if not is_simulated(config, live=live, simulate=simulate, preset=preset):
        source = config_path(path)
        yield Answering(RouterChatModel(config if source is None else source, preset=preset), config, None)
        return
    render.note(simulated_notice(config, forced=simulate))
    with Simulator(config.registry) as simulator:
        yield Answering(RouterChatModel(simulated(config, simulator), preset=preset), config, simulator)


def is_simulated(config: RouterConfig, *, live: bool, simulate: bool, preset: str | None = None) -> bool:
    """Return whether the simulator answers: where it is asked for, or where no provider has a key.

    A provider that needs no key counts as having one if the preset uses it.

    Raises:
        InvalidOptionError: `live`, and no provider has a key; or both flags.
    """
    if live and simulate:
        raise InvalidOptionError("--live", "it excludes --simulate; give one of them")
    if simulate:
        return True
    wanted = _key_variables(config)
    if any(os.environ.get(name) for name in wanted) or _needs_no_key(config, preset or config.preset):
        return False
    if live:
        raise InvalidOptionError("--live", f"no provider has a key; set {' or '.join(wanted[:2]) or 'one'}")
    return True


def simulated_notice(config: RouterConfig, *, forced: bool) -> str:
    """Return the line that says that the simulator answers, and how to get real answers."""
    keys = " or ".join(_key_variables(config)[:2])
    why = "As asked, the" if forced else "No provider has a key, so the"
    how = "" if forced or not keys else f" For real answers set a key, such as {keys}."
    return f"{why} simulator answers, under the configuration's own model names and prices.{how}"


def _key_variables(config: RouterConfig) -> list[str]:
    """Return the variables that may hold keys; those of the preset in force first."""
    used = [config.registry[key].provider for key in chain(*config.active_preset.values())]
    names = [config.providers[provider].api_key_env for provider in [*used, *config.providers]]
    return [name for name in dict.fromkeys(names) if name]


def _needs_no_key(config: RouterConfig, preset: str) -> bool:
    models = chain(*config.preset_models(preset).values()) if preset else ()
    return any(config.providers[config.registry[key].provider].api_key_env is None for key in models)
