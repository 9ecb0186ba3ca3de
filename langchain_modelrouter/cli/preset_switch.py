"""Switches the preset by its one line while calls run, and measures how long that takes."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from langchain_core.exceptions import ModelError

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.config import RouterConfig, missing_keys
from langchain_modelrouter.reload import set_preset

_PROMPT = "Which of two workshops explains chain wear better? One word."
_WARM_UP_CALLS, _CALLS_AFTER, _PATIENCE_S = 8, 8, 20.0


@dataclass(frozen=True, slots=True)
class Switch:
    """What became of one switch; `in_force_s` is None where no call used the new preset in time."""

    task: str
    before: str
    after: str
    model_before: str
    model_after: str
    in_force_s: float | None
    """Seconds from the edit of the file to the start of the first call under the new preset."""
    calls: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Call:
    started_s: float
    preset: str | None
    """None where the call failed."""


def switchable(config: RouterConfig, task: str) -> Iterator[str]:
    """Yield the presets that give `task` to another model than the one in force, and whose provider has a key."""
    now = _first(config, config.preset, task)
    without_key = missing_keys(config)
    for preset in config.presets:
        model = _first(config, preset, task)
        if model not in (None, now) and config.registry[model or ""].provider not in without_key:
            yield preset


def switch_while_calls_run(file: Path, task: str, after: str, *, threads: int) -> Switch:
    """Return how a switch of the file's preset went for calls in `threads` threads that never pause.

    Raises:
        ConfigError: the file cannot be used or edited.
    """
    config = RouterConfig.load(file)
    router = RouterChatModel(file).for_task(task)
    calls: list[_Call] = []
    stop = threading.Event()

    def keep_calling() -> None:
        while not stop.is_set():
            started_s = time.perf_counter()
            try:
                routed = router.invoke(_PROMPT, max_tokens=8).response_metadata["model_router"]
                calls.append(_Call(started_s, routed["preset"]))
            except ModelError:
                calls.append(_Call(started_s, None))

    with ThreadPoolExecutor(threads, thread_name_prefix="demo") as pool:
        workers = [pool.submit(keep_calling) for _ in range(threads)]
        try:
            _wait_for(lambda: len(calls) >= _WARM_UP_CALLS)
            set_preset(file, after)
            edited_s = time.perf_counter()
            _wait_for(lambda: sum(call.preset == after for call in calls) >= _CALLS_AFTER)
        finally:
            stop.set()
        for worker in workers:
            worker.result()
    first_s = min((call.started_s for call in calls if call.preset == after), default=None)
    return Switch(
        task=task,
        before=config.preset,
        after=after,
        model_before=_first(config, config.preset, task) or "",
        model_after=_first(config, after, task) or "",
        in_force_s=None if first_s is None else max(0.0, first_s - edited_s),
        calls=len(calls),
        failed=sum(call.preset is None for call in calls),
    )


def _first(config: RouterConfig, preset: str, task: str) -> str | None:
    models = config.preset_models(preset)
    return next(iter(models.get(task) or models.get("default") or ()), None)


def _wait_for(happened: Callable[[], bool]) -> None:
    """Wait until it has happened, but not for ever."""
    until_s = time.perf_counter() + _PATIENCE_S
    while not happened() and time.perf_counter() < until_s:
        time.sleep(0.01)
