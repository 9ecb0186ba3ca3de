"""What the fault tests share: a router over two providers of a simulator, and a call that is watched from outside."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from langchain_modelrouter import RouterChatModel, RouterConfig
from langchain_modelrouter.dispatch.failures import classify
from langchain_modelrouter.dispatch.ledger import Attempt, LedgerRow, MemoryLedger
from langchain_modelrouter.dispatch.live import Live
from langchain_modelrouter.errors import AllModelsFailedError, StreamInterruptedError
from langchain_modelrouter.reload import FollowedConfig
from langchain_modelrouter.simulator import Fault, Simulator
from langchain_modelrouter.testing import simulated
from tests.doors import Door

SLACK_S = 1.0
"""What a busy machine may add to a deadline."""

CONFIG: dict[str, Any] = {
    "extends": "none",
    "preset": "mine",
    "providers": {"alpha": {"timeout_s": 5}, "beta": {"timeout_s": 5}},
    "models": {
        "one": {"provider": "alpha", "context_window": 8192},
        "two": {"provider": "beta", "context_window": 8192},
        "wide": {"provider": "beta", "context_window": 32000},
    },
    "presets": {"mine": {"default": ["one", "two", "wide"]}},
    "fallback": {"order": []},
    "retry": {"backoff_base_s": 0.01, "backoff_cap_s": 0.02},
    "limits": {"deadline_s": 10, "connect_timeout_s": 0.5, "ttft_timeout_s": 0.3, "idle_timeout_s": 0.3},
}


def config_of(**parts: Any) -> RouterConfig:
    """Return the configuration with some of its parts changed; a mapping is merged into the part."""
    merged = {
        name: {**CONFIG.get(name, {}), **part} if isinstance(part, Mapping) else part for name, part in parts.items()
    }
    data = {**CONFIG, **merged}
    models = {
        key: {"api_name": f"{key}-api", "input_usd_per_mtok": 1, "output_usd_per_mtok": 2, **facts}
        | ({} if "capabilities" in facts else {"capabilities": ["tools", "json_schema"]})
        for key, facts in data["models"].items()
    }
    return RouterConfig.model_validate({**data, "models": models})


@dataclass(frozen=True)
class Asked:
    """How one call went, seen from outside."""

    answer: Any
    error: Exception | None
    rows: tuple[LedgerRow, ...]
    seconds: float

    @property
    def attempts(self) -> list[Attempt]:
        return [row.attempt for row in self.rows]

    @property
    def models(self) -> list[str]:
        """Who was asked, in order."""
        return [attempt.model for attempt in self.attempts]

    @property
    def kinds(self) -> list[str]:
        """What went wrong, by the failure table, in order; of attempts that AllModelsFailedError lists."""
        assert isinstance(self.error, AllModelsFailedError)
        return [classify(error).kind for error in self.error.exceptions]


class Bench:
    """A simulator, and the routers that call it, which the fixture closes."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.routers: list[RouterChatModel] = []

    def fault(self, target: str, fault: str | Fault, **how: Any) -> None:
        self.simulator.fault(target, fault, **how)

    def config(self, *, urls: Mapping[str, str] | None = None, **parts: Any) -> RouterConfig:
        """Return a configuration that calls the simulator; `urls` sends a provider elsewhere."""
        config = simulated(config_of(**parts), self.simulator)
        data = config.model_dump()
        for provider, url in (urls or {}).items():
            data["providers"][provider]["base_url"] = url
        return RouterConfig.model_validate(data)

    def router(self, *, urls: Mapping[str, str] | None = None, **parts: Any) -> RouterChatModel:
        return self.over(self.config(urls=urls, **parts))

    def over(self, config: Any, **options: Any) -> RouterChatModel:
        router = RouterChatModel(config, **options)
        self.routers.append(router)
        return router

    def calls(self, *models: str) -> list[int]:
        """Return how often each of the models was asked over the wire."""
        return [self.simulator.calls(model) for model in models]


def stop_following(followed: FollowedConfig) -> None:
    """End the thread that looks at a configuration file; the test looks itself, with `_look`."""
    followed.close()
    if followed._thread is not None:
        followed._thread.join()


def live_of(router: RouterChatModel) -> Live:
    return router.engine.snapshot.live


def rows_of(router: RouterChatModel) -> list[LedgerRow]:
    return cast(MemoryLedger, live_of(router).ledger).rows()


async def ask(door: Door, router: RouterChatModel, text: str = "Name a colour.", **kwargs: Any) -> Asked:
    """Make one call and check what holds in every row: the deadline, one ledger row per attempt, nothing under way."""
    before, began = len(rows_of(router)), time.monotonic()
    answer, error = None, None
    try:
        answer = await door(router, text, **kwargs)
    except Exception as raised:  # noqa: BLE001  the test looks at it
        error = raised
    seconds = time.monotonic() - began
    asked = Asked(answer, error, tuple(rows_of(router)[before:]), seconds)
    deadline_s = kwargs.get("deadline_s") or router.engine.snapshot.config.limits.deadline_s
    assert deadline_s is None or seconds <= deadline_s + SLACK_S
    listed = [attempt.to_dict() for attempt in asked.attempts]
    if answer is not None:
        record = answer.response_metadata["model_router"]
        assert record["attempts"] == listed
        assert listed[-1]["outcome"] == "ok"
    elif isinstance(error, AllModelsFailedError | StreamInterruptedError):
        assert list(error.attempts) == listed
        if isinstance(error, AllModelsFailedError) and listed:
            assert len(error.exceptions) == len(listed)
    elif len(listed) > 1:
        assert error is not None
        assert all(one["model"] in error.__notes__[0] for one in listed)
    assert {health.in_flight for health in router.health().values()} <= {0}
    return asked


def fell_back(asked: Asked, *models: str) -> None:
    """Check that a call was answered by the last of `models`, after an attempt at each of the others."""
    assert asked.error is None, asked.error
    assert asked.models == list(models)
    assert [attempt.outcome for attempt in asked.attempts] == ["error"] * (len(models) - 1) + ["ok"]
    assert "Simulated" in asked.answer.text or "imulated" in asked.answer.text
