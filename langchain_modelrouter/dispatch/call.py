"""One routed call in progress: what is asked, by when, and what has been tried so far."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.budget import CallBudget
from langchain_modelrouter.dispatch.caller import NOBODY, Caller
from langchain_modelrouter.dispatch.ledger import Attempt, total_usd
from langchain_modelrouter.dispatch.settings import FailureAction, LimitsConfig
from langchain_modelrouter.routing.decision import Decision
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.router import TaskChoice

UNDECIDED = Decision(ranked=(), strategy="", reason="not decided yet")


@dataclass(slots=True)
class RoutedCall:
    """One call from its decision to its answer; `attempts` grows as models are tried."""

    call_id: str
    decision: Decision
    decision_ms: float
    messages: Sequence[BaseMessage] = field(repr=False)
    kwargs: Mapping[str, Any] = field(repr=False)
    settings: Mapping[str, Any]
    """Temperature and the like: call before constructor before task."""
    stop: list[str] | None
    config: RunnableConfig = field(repr=False)
    """The caller's, with the child callbacks of the routed call's one chain run."""
    limits: LimitsConfig
    deadline_s: float | None
    deadline_at: float
    """On the monotonic clock; infinite where there is no deadline."""
    caller: Caller = NOBODY
    tags: tuple[str, ...] = ()
    """The call's `route_tags`, sorted."""
    expected_tokens: tuple[int, int] = (0, 0)
    """About what an attempt takes, input and output."""
    budget: CallBudget | None = field(default=None, repr=False)
    """None where no budget is configured."""
    numbers: Iterator[int] = field(default_factory=count, repr=False)
    """Of the attempts, in the order in which they begin."""
    overrides: Mapping[str, FailureAction] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    answers: list[tuple[AIMessage, ModelInfo]] = field(default_factory=list, repr=False)
    """Each with the model that gave it, since a plan may choose among several."""
    served: ModelInfo = field(init=False, repr=False)
    """The model that was asked last: the one whose answer the call returns, once there is one."""
    is_cached: bool = False
    request: RouteRequest | None = field(default=None, repr=False)
    """What a model is asked to classify, where one has to be."""
    settle: Callable[[TaskChoice], None] | None = None
    """Makes the decision once a model has said which task it is; None where the decision stands."""
    dropped: tuple[str, ...] = ()
    """What of the history the model that was asked last would not have taken, in words."""

    @property
    def both(self) -> dict[str, Any]:
        """Settings and keywords together, as the model gets them."""
        return {**self.settings, **self.kwargs}

    def record(self, model: ModelInfo) -> dict[str, Any]:
        """Return what `response_metadata["model_router"]` says of the call that `model` answered."""
        decision = self.decision
        cost_usd = total_usd(self.attempts)
        record: dict[str, Any] = {
            "task": decision.task,
            "task_source": decision.task_source,
            "confidence": decision.confidence,
            "model": model.key,
            "canonical": model.canonical,
            "provider": model.provider,
            "preset": decision.preset,
            "strategy": decision.strategy,
            "reason": decision.reason,
            "decision_ms": self.decision_ms,
            "attempts": list(map(Attempt.to_dict, self.attempts)),
            "cost_usd": None if cost_usd is None else float(cost_usd),
        }
        if decision.notes:
            record["notes"] = list(decision.notes)
        if self.dropped:
            record["dropped"] = list(self.dropped)
        if self.is_cached:
            record["cached"] = True
        return record

    def signed(self, answer: AIMessage) -> AIMessage:
        """Return a copy of `answer` with the record of this call, under the name of the model that served.

        A copy, because caches and scripted models keep the message that they gave. An answer that was made from
        several keeps the id of one of them and goes by the model of that one; where it has another, by the first.
        """
        for given, model in reversed(self.answers):
            self.served = model
            if given is answer or (answer.id is not None and given.id == answer.id):
                break
        metadata = {
            **answer.response_metadata,
            "model_name": self.served.api_name,
            "model_router": self.record(self.served),
        }
        return answer.model_copy(update={"response_metadata": metadata})

    @property
    def spent_usd(self) -> Decimal | None:
        """What the attempts so far cost, in USD; None where a price is unknown."""
        return total_usd(self.attempts)
