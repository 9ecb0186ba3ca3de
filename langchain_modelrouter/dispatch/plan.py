"""Plans: generators that say what to try next, given the outcome of the last step. They call nothing.

A door sends the outcomes. A failure is a value, so that a policy reads top to bottom.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, BaseMessage

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.failures import Failure
from langchain_modelrouter.errors import AllModelsFailedError, AllRestingError, DeadlineExceededError
from langchain_modelrouter.quick import quick
from langchain_modelrouter.routing.decision import Decision

SHORT_AND_SURE: Mapping[str, Any] = MappingProxyType({"temperature": 0.0, "max_tokens": 10})
"""Settings of a question that one word answers."""


@quick
@dataclass(frozen=True, slots=True)
class Call:
    """Ask one model."""

    model: ModelInfo
    forced: bool = False
    """Ask it although it is resting: its rest has been waited out, or nothing else is left."""
    role: str = "reply"
    """What the attempt is for, in the ledger; the tokens of any other role stay out of message streams."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask one model something of our own, such as for a classification: its answer is not the reply."""

    model: ModelInfo
    messages: Sequence[BaseMessage] = field(repr=False)
    timeout_s: float
    settings: Mapping[str, Any] = field(default_factory=lambda: SHORT_AND_SURE)
    role: str = "classifier"


@dataclass(frozen=True, slots=True)
class Choose(Ask):
    """Ask a decisions model to choose among words: `settings` hold its `instructions` and the `choices`."""


@dataclass(frozen=True, slots=True)
class Race:
    """Ask several models; the first answer wins and the others are cancelled."""

    calls: tuple[Call, ...]
    stagger_s: float = 0.0
    """The next one starts when the one before has failed, or has been silent for so long."""
    is_hedge: bool = False
    """All calls but the first draw on the retry budget."""
    ratio: float | None = None
    """A smaller share of requests than the budget's own."""


@dataclass(frozen=True, slots=True)
class All:
    """Ask several models and wait for all of them."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Embed:
    """Turn texts into vectors."""

    embeddings: Embeddings
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of an `Embed`, in the order of its texts."""

    vectors: Sequence[Sequence[float]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Let some time pass before the same model is asked again; it draws on the retry budget."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that gave no answer."""

    model: str
    error: Exception = field(repr=False)
    failure: Failure
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step that was not carried out: the model rests, the retry budget is spent, the time is up."""

    reason: str
    deadline_s: float | None = None
    """The deadline, where it is over and nothing else can be tried."""
    is_only_slow: bool = False
    """The model rests, and only because it has been slow: better than no answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of each call of an `All`, or of a `Race` that nobody won, in the order of the calls."""

    results: "tuple[AIMessage | Failed | Skipped, ...]" = field(repr=False)


Step = Call | Ask | Race | All | Embed | Wait
Outcome = AIMessage | Answers | Embedded | Failed | Skipped | None
Plan = Generator[Step, Outcome, AIMessage]

Backoff = Callable[[int], float]
"""Number of the retry, from 1, to the seconds to wait before it."""

PATIENCE_S = 10.0
"""A longer Retry-After is never waited for; the model rests instead (FAULTS, numbers to start from)."""


def retry_then_fall_back(decision: Decision, *, retries: int, max_models: int, backoff_s: Backoff) -> Plan:
    """Try each ranked model in turn; retry a transient failure; raise what another model cannot mend.

    Where a provider says how long to wait, that is waited for last, when no other model is left; a model that rests
    only because it is slow is the last resort. The last model that may be tried is one of a provider that has not
    failed, where there is one, so that an outage of one provider never uses up all tries.

    Args:
        retries: retries of a model that has just failed, in the whole call.
        max_models: distinct models that may be tried.

    Raises:
        AllModelsFailedError: nothing is left to try; it has one entry per failed attempt.
        Exception: the error of an attempt that no other model can mend, as it was raised.
    """
    failures: list[Failed] = []
    too_small = 0
    tried = used = 0
    limited: dict[str, ModelInfo] = {}
    slow: list[ModelInfo] = []
    left = list(decision.ranked)
    while left and tried < max_models:
        model = left[0] if tried < max_models - 1 else _elsewhere(left, failures)
        left.remove(model)
        if too_small and (model.context_window or 0) <= too_small:
            continue
        is_retry = False
        while True:
            outcome = yield Call(model)
            if isinstance(outcome, AIMessage):
                return outcome
            if isinstance(outcome, Skipped) and outcome.deadline_s is not None:
                raise failure_of(decision, failures, deadline_s=outcome.deadline_s)
            if not isinstance(outcome, Failed):
                if isinstance(outcome, Skipped) and outcome.is_only_slow:
                    slow.append(model)
                break
            tried += not is_retry
            failures.append(outcome)
            failure = outcome.failure
            if failure.action == "raise":
                raise outcome.error
            if failure.action == "larger_window":
                too_small = max(too_small, model.context_window or 0)
            if _says_when(failure):
                limited[model.key] = model
            if failure.action != "retry" or failure.retry_after_s or used == retries:
                break
            used, is_retry = used + 1, True
            if isinstance((yield Wait(backoff_s(used))), Skipped):
                break
    if slow and tried < max_models and not too_small:
        answer = yield from _last_resort(slow[0], failures)
        if answer is not None:
            return answer
    if used < retries and limited:
        answer = yield from _once_more(limited, failures, backoff_s)
        if answer is not None:
            return answer
    raise failure_of(decision, failures)


def _elsewhere(left: Sequence[ModelInfo], failures: Sequence[Failed]) -> ModelInfo:
    """Return the first model of a provider that has not failed; where all have, the first."""
    failed = {failure.provider for failure in failures}
    return next((model for model in left if model.provider not in failed), left[0])


def _says_when(failure: Failure) -> bool:
    """True where the model may be asked again after a wait that is worth it."""
    is_told = failure.kind == "rate_limited" or (failure.action == "retry" and bool(failure.retry_after_s))
    return is_told and (failure.retry_after_s or 0.0) <= PATIENCE_S


def _once_more(
    limited: dict[str, ModelInfo], failures: list[Failed], backoff_s: Backoff
) -> Generator[Step, Outcome, AIMessage | None]:
    """Wait for the model that may be asked soonest and ask it again, when no other model is left."""
    rest_s = {failed.model: failed.failure.retry_after_s for failed in failures if failed.model in limited}
    key = min(rest_s, key=lambda model: rest_s[model] or 0.0)
    if isinstance((yield Wait(max(rest_s[key] or 0.0, backoff_s(1)))), Skipped):
        return None
    return (yield from _last_resort(limited[key], failures))


def _last_resort(model: ModelInfo, failures: list[Failed]) -> Generator[Step, Outcome, AIMessage | None]:
    """Ask a model although it rests."""
    outcome = yield Call(model, forced=True)
    if isinstance(outcome, AIMessage):
        return outcome
    if isinstance(outcome, Failed):
        failures.append(outcome)
        if outcome.failure.action == "raise":
            raise outcome.error
    return None


def failure_of(
    decision: Decision, failures: list[Failed], *, deadline_s: float | None = None
) -> AllModelsFailedError | DeadlineExceededError:
    """Return the error that says that nothing is left to try, or no time."""
    if not failures and deadline_s is not None:
        return DeadlineExceededError(deadline_s)
    if not failures:
        names = ", ".join(model.key for model in decision.ranked)
        return AllModelsFailedError("No model could be asked", [AllRestingError(names)])
    models = len({failed.model for failed in failures})
    what = f"No answer from {models} {'model' if models == 1 else 'models'}"
    if deadline_s is not None:
        what += f" within the deadline of {deadline_s:g} s"
    return AllModelsFailedError(what, [failed.error for failed in failures])
