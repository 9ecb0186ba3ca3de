"""`modelrouter simulate`."""

import signal
import sys
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import yaml

from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.options import ConfigOption, JsonOption
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.simulator import FAULTS, Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers

EXAMPLES = (
    "modelrouter simulate > simulated.yaml &",
    "modelrouter simulate --fault rate_limited:sambanova --fault slow:nebius-llama-8b --speed 1",
    "modelrouter simulate --list-faults",
)


def command(
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:TARGET]",
            help="A fault to show, for a model key, an api_name or a provider; by default for all. May be repeated.",
            show_default=False,
        ),
    ] = None,
    speed: Annotated[float, typer.Option(help="How many times faster than the catalogue says.")] = 50.0,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option(help="Another seed, other words.")] = 0,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="List the faults and end.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Serve stand-ins for the configuration's providers on loopback, until interrupted.

    What is printed is a configuration file that sends all calls to them. Their answers are simulated: they prove
    wiring, cost and resilience, never intelligence.
    """
    if list_faults:
        _list_faults(json)
        return
    loaded = RouterConfig.load(config)
    simulator = Simulator(loaded.registry, speed=speed, seed=seed, port=port)
    for name, _, target in (text.partition(":") for text in fault or ()):
        simulator.fault(target or "*", name)
    try:
        simulator.start()
    except OSError as error:
        raise InvalidOptionError("--port", f"{port} cannot be served on: {error.strerror or error}") from error
    try:
        _announce(loaded, simulator, fault or (), json)
        _wait_for_signal()
    finally:
        simulator.stop()
    failed = sum(request.outcome != "ok" for request in simulator.requests)
    render.note(f"Served {simulator.calls()} simulated requests, {failed} of them with a fault or cut short.")


def _list_faults(json: bool) -> None:
    if json:
        render.as_json({name: {"row": each.row, "title": each.title} for name, each in FAULTS.items()})
        return
    render.table(("fault", "row", "what happens"), [(name, each.row, each.title) for name, each in FAULTS.items()])


def _announce(config: RouterConfig, simulator: Simulator, faults: Sequence[str], json: bool) -> None:
    """Print the configuration file for the stand-ins on stdout, and what to do with it on stderr."""
    settings: dict[str, Any] = {
        "version": config.version,
        "extends": str(config.path) if config.path is not None else "builtin",
        "providers": simulated_providers(config, simulator),
    }
    render.note(
        f"Simulating {len(config.providers)} providers at http://{simulator.host}:{simulator.port}, "
        f"{simulator.speed:g} times faster than the catalogue says"
        f"{', faults: ' + ', '.join(faults) if faults else ''}. No answer is a "
        "model's. Use what follows as --config; for one provider, its base_url. Ctrl-C ends it."
    )
    if json:
        render.as_json(settings)
    else:
        render.line(yaml.safe_dump(settings, sort_keys=False).rstrip())
    sys.stdout.flush()


def _wait_for_signal() -> None:
    stopped = threading.Event()
    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        # Waiting without a limit would not let a signal's handler run on every platform.
        while not stopped.wait(1.0):
            pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
