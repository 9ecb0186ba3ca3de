"""How much of a provider's rate limit is left, by its response headers."""

from collections.abc import Mapping

from langchain_modelrouter.dispatch.error_facts import duration_s

WINDOW_S = 60.0
"""Where no reset is told: limits are per minute."""

NAMES = tuple(
    (f"x-ratelimit-remaining{unit}", f"x-ratelimit-limit{unit}", f"x-ratelimit-reset{unit}")
    for unit in ("-requests", "-tokens", "")
) + tuple(
    tuple(f"anthropic-ratelimit-{unit}-{what}" for what in ("remaining", "limit", "reset"))
    for unit in ("requests", "tokens")
)
"""Remaining, limit, reset: as OpenAI and many like it, and as Anthropic name them."""


def headroom(headers: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the share that is left of the tightest limit, in [0, 1], and for how many seconds that holds."""
    left = [_share(headers, *names) for names in NAMES]
    return min((one for one in left if one is not None), default=None)


def _share(headers: Mapping[str, str], remaining: str, limit: str, reset: str) -> tuple[float, float] | None:
    try:
        share = float(headers[remaining]) / float(headers[limit])
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    if not 0.0 <= share <= 1.0:  # NaN as well
        return None
    span_s = duration_s(headers.get(reset, ""))
    return share, WINDOW_S if span_s is None else span_s
