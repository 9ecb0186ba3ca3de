"""When not to route: what a traffic file says about whether one model would do.

The four reasons are those of the "multi-model architecture" article: one kind of request only, under 100 requests
a day, latency does not matter, the classifier is often wrong. The shares at which we call it so are ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_modelrouter.evaluation.json_files import read_rows

ONE_KIND_SHARE = 0.9
"""From this share of one kind on, the rest is too little to route for (ours)."""
REQUESTS_PER_DAY = 100.0
"""Below that, what is saved does not pay for the care (the article's figure)."""
UNSURE_BELOW, UNSURE_SHARE = 0.6, 0.3
"""A decision below this confidence is unsure; from this share of them on, the classifier often is (ours)."""
WRONG_SHARE = 0.2
"""From this share of wrong decisions on labelled traffic on, the classifier is often wrong (ours)."""

Classify = Callable[[str], tuple[str, float]]
"""Returns the kind of a prompt and the confidence in it."""


@dataclass(frozen=True, slots=True)
class TrafficRow:
    """One request: its prompt, when it came and which kind it really was, where known."""

    prompt: str
    at: datetime | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason not to route: whether it holds, what was measured (None: could not be) and the limit."""

    reason: str
    holds: bool
    measured: float | None
    limit: float
    message: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to route, with every reason looked at; `kinds` counts the requests by kind."""

    route: bool
    requests: int
    kinds: Mapping[str, int]
    findings: tuple[Finding, ...]


def read_traffic(paths: Iterable[Path]) -> tuple[TrafficRow, ...]:
    """Read JSON lines with `prompt` (or `text`) and, if known, `at` (ISO 8601 or seconds since 1970) and `label`.

    Raises:
        ValueError: a line is no such record; the message names file and line.
    """
    return tuple(_row(row, where) for path in paths for where, row in read_rows(path))


def advise(
    traffic: Sequence[TrafficRow],
    classify: Classify,
    *,
    requests_per_day: float | None = None,
    latency_matters: bool = True,
) -> Advice:
    """Say whether routing this traffic is worth it.

    Args:
        traffic: a fair sample of the requests.
        classify: the classifier in question.
        requests_per_day: overrides what the times in the traffic say.
        latency_matters: what only the user knows.

    Raises:
        ValueError: there is no traffic.
    """
    if not traffic:
        raise ValueError("no traffic to look at")
    decisions = [classify(row.prompt) for row in traffic]
    kinds = Counter(kind for kind, _ in decisions)
    findings = (
        _one_kind(kinds),
        _low_volume(requests_per_day if requests_per_day is not None else per_day(traffic)),
        _latency(latency_matters),
        _unsure([confidence for _, confidence in decisions]),
        _wrong([(row.label, kind) for row, (kind, _) in zip(traffic, decisions, strict=True) if row.label]),
    )
    return Advice(
        route=not any(finding.holds for finding in findings),
        requests=len(traffic),
        kinds=dict(kinds.most_common()),
        findings=findings,
    )


def per_day(traffic: Sequence[TrafficRow]) -> float | None:
    """Return requests per day over the days that the traffic spans (at least one), None without times."""
    times = sorted(row.at for row in traffic if row.at is not None)
    if len(times) < 2:
        return None
    days = (times[-1] - times[0]).total_seconds() / 86_400
    return len(times) / max(1.0, days)


def _one_kind(kinds: Counter[str]) -> Finding:
    (kind, count), total = kinds.most_common(1)[0], kinds.total()
    share = count / total
    holds = share >= ONE_KIND_SHARE
    advice = "one model for it would do" if holds else "there is something to route"
    return Finding("one_kind", holds, share, ONE_KIND_SHARE, f"{share:.0%} of the requests are {kind!r}: {advice}")


def _low_volume(rate: float | None) -> Finding:
    if rate is None:
        message = "the traffic has no times, so requests per day are not known; state them"
        return Finding("low_volume", False, None, REQUESTS_PER_DAY, message)
    holds = rate < REQUESTS_PER_DAY
    advice = "routing hardly pays for its care" if holds else "enough to route"
    return Finding("low_volume", holds, rate, REQUESTS_PER_DAY, f"{rate:.0f} requests a day: {advice}")


def _latency(matters: bool) -> Finding:
    message = "latency matters" if matters else "latency does not matter: the best model may take everything"
    return Finding("latency_does_not_matter", not matters, None, 0.0, message)


def _unsure(confidences: Sequence[float]) -> Finding:
    share = sum(confidence < UNSURE_BELOW for confidence in confidences) / len(confidences)
    holds = share >= UNSURE_SHARE
    advice = "train it on your own traffic first" if holds else "it mostly knows"
    message = f"the classifier is unsure (below {UNSURE_BELOW}) on {share:.0%} of the requests: {advice}"
    return Finding("classifier_unsure", holds, share, UNSURE_SHARE, message)


def _wrong(pairs: Sequence[tuple[str, str]]) -> Finding:
    if not pairs:
        message = "the traffic has no labels, so the classifier's errors are not known"
        return Finding("classifier_wrong", False, None, WRONG_SHARE, message)
    share = sum(label != kind for label, kind in pairs) / len(pairs)
    holds = share >= WRONG_SHARE
    advice = "wrong routes cost more than they save" if holds else "good enough to route by"
    message = f"the classifier is wrong on {share:.0%} of {len(pairs)} labelled requests: {advice}"
    return Finding("classifier_wrong", holds, share, WRONG_SHARE, message)


def _row(row: Mapping[str, Any], where: str) -> TrafficRow:
    prompt, label, at = row.get("prompt", row.get("text")), row.get("label"), row.get("at")
    if not isinstance(prompt, str):
        raise ValueError(f"{where}: a `prompt` (or `text`) is wanted; got {', '.join(row) or 'nothing'}")
    try:
        when = None if at is None else _time(at)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise ValueError(f"{where}: `at` is {at!r}; ISO 8601 or seconds since 1970 are wanted") from error
    return TrafficRow(prompt, when, None if label is None else str(label))


def _time(at: object) -> datetime:
    if isinstance(at, int | float):
        return datetime.fromtimestamp(at, tz=UTC)
    parsed = datetime.fromisoformat(str(at))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
