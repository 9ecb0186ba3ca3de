"""Every error that this package raises, as one tree under `ModelRouterError`.

The facts of an error are its `args`, so that it pickles; `str()` puts them into words: what went wrong,
why, and what to do. No message holds a prompt, a completion or a key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from langchain_core.exceptions import ModelError


class ModelRouterError(ModelError):
    """Base of all errors of this package.

    `is_retryable` is False: a routing that has ended has already retried, so that outer retry layers leave
    it alone.
    """


class UnknownNameError(ModelRouterError, LookupError):
    """A name that nothing here answers to: of a model, task, preset, strategy ..."""

    kind = "name"
    mend = ""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(sorted(known))
        super().__init__(self.name, self.known)

    def __str__(self) -> str:
        near = nearest(self.name, self.known)
        rest = [name for name in self.known if name not in near]
        hint = f"Did you mean {near[0]!r}? " if near else ""
        known = ", ".join([*near, *rest]) or "none"
        return f"No {self.kind} {self.name!r} here. {hint}Known: {known}.{self.mend}"


class UnknownModelError(UnknownNameError):
    """A model key, alias or api_name that the registry does not hold."""

    kind = "model"
    mend = " Add one under `models:`."


class UnknownTaskError(UnknownNameError):
    """A task that the configuration does not define."""

    kind = "task"
    mend = " Add one under `tasks:`."


class UnknownPresetError(UnknownNameError):
    """A preset that the configuration does not define."""

    kind = "preset"
    mend = " Add one under `presets:`."


class UnknownStrategyError(UnknownNameError):
    """A strategy that is neither built in nor installed as an entry point."""

    kind = "strategy"


class UnknownProfileError(UnknownNameError):
    """A token profile that is not defined."""

    kind = "token profile"


class AmbiguousModelError(ModelRouterError, LookupError):
    """An api_name that several providers serve."""

    def __init__(self, name: str, keys: Iterable[str]) -> None:
        self.name, self.keys = name, tuple(sorted(keys))
        super().__init__(self.name, self.keys)

    def __str__(self) -> str:
        return f"{self.name!r} names {len(self.keys)} models: {', '.join(self.keys)}. Use one of these keys."


class InvalidOptionError(ModelRouterError, ValueError):
    """A per-call or constructor option with a value that it cannot take."""

    def __init__(self, option: str, problem: str) -> None:
        self.option, self.problem = option, problem
        super().__init__(option, problem)

    def __str__(self) -> str:
        return f"{self.option}: {self.problem}"


class UnknownOptionError(ModelRouterError, TypeError):
    """A keyword that the constructor does not take."""

    def __init__(self, option: str, known: Iterable[str]) -> None:
        self.option, self.known = option, tuple(sorted(known))
        super().__init__(option, self.known)

    def __str__(self) -> str:
        near = nearest(self.option, self.known)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"RouterChatModel takes no {self.option!r}.{hint} It takes: {', '.join(self.known)}."


class NoEligibleModelError(ModelRouterError):
    """No model can serve a request; the reason of each refusal is in `refused`."""

    def __init__(self, task: str, refused: Mapping[str, str]) -> None:
        self.task, self.refused = task, dict(refused)
        super().__init__(task, self.refused)

    def __str__(self) -> str:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in self.refused.items())
        return f"No model can serve task {self.task!r}. {reasons or 'There is no candidate: give the preset a model'}."


class BudgetExceededError(ModelRouterError):
    """A call would spend more than a budget leaves."""

    def __init__(self, budget: str, needed_usd: str, left_usd: str) -> None:
        self.budget, self.needed_usd, self.left_usd = budget, needed_usd, left_usd
        super().__init__(budget, needed_usd, left_usd)

    def __str__(self) -> str:
        return (
            f"Budget {self.budget!r} has ${self.left_usd} left and this call may need ${self.needed_usd}. "
            "Raise `usd`, wait for the next period, or set `when_exceeded: downgrade`."
        )


class LedgerUnavailableError(ModelRouterError):
    """A strict ledger cannot record a call, so that it is not made."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)

    def __str__(self) -> str:
        return f"No call is made, since {self.problem}. Make room for the ledger, or set `ledger.strict: false`."


class DeadlineExceededError(ModelRouterError, TimeoutError):
    """The whole call took longer than its deadline allows."""

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        super().__init__(deadline_s)

    def __str__(self) -> str:
        return f"No answer within the deadline of {self.deadline_s:g} s. Raise `deadline_s` or `limits.deadline_s`."


class BadAnswerError(ModelRouterError):
    """A provider answered with status 200 and something that is no answer.

    `kind` is the failure's kind (`malformed`, `truncated`, `empty`).
    """

    def __init__(self, kind: str, problem: str) -> None:
        self.kind, self.problem = kind, problem
        super().__init__(kind, problem)

    def __str__(self) -> str:
        return self.problem


class FirstTokenTimeoutError(ModelRouterError, TimeoutError):
    """A stream gave no content in time: before its first token, or between two."""

    def __init__(self, waited_s: float, phase: str) -> None:
        self.waited_s, self.phase = waited_s, phase
        super().__init__(waited_s, phase)

    def __str__(self) -> str:
        return f"no {self.phase} token within {self.waited_s:g} s"


class StreamInterruptedError(ModelRouterError):
    """A stream failed after its commit point, so that no other model could take over unseen.

    `partial` is the text that the caller has had; it is not part of the message, nor of logs.
    """

    def __init__(self, model: str, problem: str, partial: str = "", attempts: Sequence[Mapping[str, Any]] = ()) -> None:
        self.model, self.problem, self.partial, self.attempts = model, problem, partial, tuple(attempts)
        super().__init__(model, problem, partial, self.attempts)

    def __str__(self) -> str:
        return (
            f"The stream of {self.model} broke off after {len(self.partial)} characters ({self.problem}). Nothing was "
            "replayed. Ask again, or set `limits.stream_buffer: until_done` to fall back before the caller sees text."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, {self.problem!r})"


class JudgeError(ModelRouterError):
    """A judge gave no verdict. `answers` holds what was to be judged; it is not part of the message."""

    def __init__(self, judge: str, problem: str, answers: Sequence[str] = ()) -> None:
        self.judge, self.problem, self.answers = judge, problem, tuple(answers)
        super().__init__(judge, problem, self.answers)

    def __str__(self) -> str:
        return (
            f"{self.judge} gave no verdict on {len(self.answers)} answers: {self.problem}. Take one of `answers`, "
            "or let another model judge."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.judge!r}, {self.problem!r})"


class AllRestingError(ModelRouterError):
    """No model was asked, since all of them rest after failures."""

    def __init__(self, names: str) -> None:
        self.names = names
        super().__init__(names)

    def __str__(self) -> str:
        return f"resting after failures: {self.names}. `router.health()` says until when"


class AllModelsFailedError(ModelRouterError, ExceptionGroup[Exception]):
    """Every model that was tried failed; `exceptions` has one entry per attempt, in their order.

    `attempts` holds the record of each attempt (as in `response_metadata["model_router"]["attempts"]`), and
    `retry_after_s` the time until the first model may be asked again, where one is known.
    """

    def __new__(
        cls,
        message: str,
        errors: Sequence[Exception],
        attempts: Sequence[Mapping[str, Any]] = (),
        retry_after_s: float | None = None,
    ) -> Self:
        """Make the group; the records ride along."""
        self = super().__new__(cls, message, list(errors))
        self.attempts, self.retry_after_s = tuple(attempts), retry_after_s
        return self

    def __init__(
        self,
        message: str,
        errors: Sequence[Exception],
        attempts: Sequence[Mapping[str, Any]] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, list(errors))

    attempts: tuple[Mapping[str, Any], ...]
    retry_after_s: float | None

    def derive(self, excs: Sequence[Exception]) -> "AllModelsFailedError":  # type: ignore[override]
        """Return a group of the same kind over `excs`, as `split` and `subgroup` ask."""
        return AllModelsFailedError(self.message, excs, self.attempts, self.retry_after_s)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, list(self.exceptions), self.attempts, self.retry_after_s))

    def __str__(self) -> str:
        tried = "; ".join(
            f"{attempt['model']}: {attempt['error']}" for attempt in self.attempts if attempt.get("error")
        )
        hint = f" Try again in {self.retry_after_s:.1f} s." if self.retry_after_s else ""
        return f"{self.message}{': ' + tried if tried else ''}.{hint}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a configuration file: where, what, why and how to mend."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.problem}"


class ConfigError(ModelRouterError, ValueError):
    """A configuration that cannot be used; `faults` holds all of its faults at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the names most like `name`, the nearest first, at most `most`."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    return [by_folded[match] for match in get_close_matches(name.casefold(), by_folded, n=most, cutoff=0.5)]
