"""The `x-ratelimit-*` headers of a provider that has limits; they inform, nothing is refused."""

from collections import deque

from langchain_modelrouter.catalog.model_info import Provider

_WINDOW_S = 60.0


class RateLimitHeaders:
    """Counts what one provider served in the last minute of the simulator's own, faster, time."""

    def __init__(self, provider: Provider, speed: float) -> None:
        self._provider, self._window_s = provider, _WINDOW_S / speed
        self._served: deque[tuple[float, int]] = deque()

    def after(self, tokens: int, now_s: float) -> tuple[tuple[str, str], ...]:
        """Count a request of so many tokens and return the headers of its answer.

        Source of the names: OpenAI API reference, "Rate limits", section on headers.
        """
        limits = {"requests": self._provider.requests_per_minute, "tokens": self._provider.tokens_per_minute}
        if not any(limits.values()):
            return ()
        self._served.append((now_s, tokens))
        while self._served and self._served[0][0] <= now_s - self._window_s:
            self._served.popleft()
        used = {"requests": len(self._served), "tokens": sum(count for _, count in self._served)}
        reset = f"{self._served[0][0] + self._window_s - now_s:.3f}s" if self._served else "0s"
        return tuple(
            (f"x-ratelimit-{field}-{unit}", value)
            for unit, limit in limits.items()
            if limit
            for field, value in (
                ("limit", str(limit)),
                ("remaining", str(max(0, limit - used[unit]))),
                ("reset", reset),
            )
        )
