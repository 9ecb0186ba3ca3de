"""One attempt in progress, and what becomes of it: an answer, a failure or a cancellation.

The same for all doors: it keeps the books, it calls nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.answers import bad_answer
from langchain_modelrouter.dispatch.budget import ZERO, Reservation
from langchain_modelrouter.dispatch.call import RoutedCall
from langchain_modelrouter.dispatch.failures import classify, short
from langchain_modelrouter.dispatch.health import Permit
from langchain_modelrouter.dispatch.ledger import Attempt, AttemptOutcome, LedgerRow
from langchain_modelrouter.dispatch.live import Live
from langchain_modelrouter.dispatch.messages import as_answer
from langchain_modelrouter.dispatch.plan import Failed
from langchain_modelrouter.dispatch.usage import NO_USAGE, Usage, billed, estimate
from langchain_modelrouter.errors import DeadlineExceededError
from langchain_modelrouter.routing.request import NOTHING

logger = logging.getLogger("langchain_modelrouter")

TIMER_SLACK_S = 0.005
"""Timers of sockets and event loops count in milliseconds, and may fire that much early."""


class OpenAttempt:
    """An attempt between its start and its end. Exactly one of `answered`, `failed`, `cancelled` ends it."""

    __slots__ = (
        "_open",
        "call",
        "client",
        "ends_at",
        "expected_input",
        "kwargs",
        "live",
        "messages",
        "model",
        "number",
        "permit",
        "reservation",
        "role",
        "started",
        "stop",
        "ttft_s",
    )

    def __init__(
        self,
        call: RoutedCall,
        live: Live,
        model: ModelInfo,
        permit: Permit,
        client: BaseChatModel,
        messages: Sequence[BaseMessage],
        kwargs: dict[str, Any],
        stop: list[str] | None,
        most_s: float | None,
        role: str,
        reservation: Reservation | None,
    ) -> None:
        self.call, self.live, self.model, self.permit = call, live, model, permit
        self.client, self.messages, self.kwargs, self.stop = client, messages, kwargs, stop
        self.role, self.reservation, self.number = role, reservation, next(call.numbers)
        self.started = live.clock()
        self.ends_at = call.deadline_at if most_s is None else min(call.deadline_at, self.started + most_s)
        """By when, on the clock, a whole answer has to be there: a connection kept warm does not extend it."""
        self.expected_input = call.expected_tokens[0] if messages is call.messages else estimate(messages)
        self.ttft_s: float | None = None
        self._open = [True]
        if live.ledger.reserves:
            expected = Usage(*call.expected_tokens, estimated=True)
            live.ledger.reserve(self._row(self._record("lost", None, 0.0, expected)))

    @property
    def prompt(self) -> PromptValue:
        """The messages as a client takes them without looking at each: they are messages already."""
        return ChatPromptValue.model_construct(messages=self.messages)

    @property
    def ended(self) -> bool:
        """True once the attempt has its outcome."""
        return not self._open

    def committed(self) -> None:
        """Note that the first content is there."""
        self.ttft_s = self.live.clock() - self.started

    def answered(self, message: BaseMessage) -> AIMessage | Failed:
        """End the attempt with a complete message: the answer, or a failure where it is none."""
        message = as_answer(message)
        usage_metadata: Mapping[str, Any] = message.usage_metadata or NOTHING
        if usage_metadata.get("total_cost") == 0:  # how langchain-core marks a reply from its cache
            self.call.is_cached = self.role == "reply"
            self._end(None)
        else:
            problem = bad_answer(message, self.call.limits)
            usage = billed(message, self.expected_input)
            if problem is not None:
                return self.failed(problem, usage)
            latency_s = self.live.clock() - self.started
            self._end(self._record("ok", None, latency_s, usage))
            self.permit.succeeded(latency_s, ttft_s=self.ttft_s, output_tokens=usage.output_tokens)
        self.call.answers.append((message, self.model))
        return message

    def failed(self, error: Exception, usage: Usage | None = None) -> Failed:
        """End the attempt with an error; `usage` is what the provider gave before it."""
        live, model = self.live, self.model
        failure = classify(error, overrides=self.call.overrides, now=live.wall())
        if failure.kind == "timeout" and self._is_cut_short():
            error = _deadline_error(self.call, error)
            failure = classify(error, overrides=self.call.overrides)
        said = short(error)
        if failure.ends_credential:
            live.health.credential_out(live.clients.credential(model), said)
        if failure.ends_model:
            live.health.model_out(model.key, said)
        if failure.alert:
            logger.error("%s: %s", model.key, said)
        if failure.kind in ("cancelled", "bug"):
            self.permit.cancelled()
        else:
            self.permit.failed(failure)
        self._end(self._record("error", said, live.clock() - self.started, usage or NO_USAGE))
        return Failed(model.key, error, failure, model.provider)

    def _is_cut_short(self) -> bool:
        """True where the caller's deadline ended the attempt, rather than the provider's slowness alone."""
        return self.live.clock() >= self.call.deadline_at - TIMER_SLACK_S

    def cancelled(self, partial: AIMessage | None = None) -> None:
        """End the attempt since nobody waits for it any more."""
        if self.ended:
            return
        usage = NO_USAGE if partial is None else billed(partial, self.expected_input)
        if usage is NO_USAGE:
            usage = Usage(self.expected_input, 0, estimated=True)
        self._end(self._record("cancelled", None, self.live.clock() - self.started, usage))
        self.permit.cancelled()

    def _record(self, outcome: AttemptOutcome, error: str | None, latency_s: float, usage: Usage) -> Attempt:
        model = self.model
        cost_usd = model.cost_usd(
            usage.input_tokens,
            usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        )
        return Attempt(
            model=model.key,
            provider=model.provider,
            outcome=outcome,
            error=error,
            latency_s=latency_s,
            ttft_s=self.ttft_s,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost_usd=cost_usd,
            estimated=usage.estimated,
        )

    def _end(self, attempt: Attempt | None) -> None:
        try:
            self._open.pop()  # in one step, since a race may end an attempt from another thread
        except IndexError:
            return
        if self.reservation is not None:
            self.reservation.settle(ZERO if attempt is None else attempt.cost_usd)
        if attempt is None:
            self.permit.cancelled()
            self.live.ledger.release(self.call.call_id, self.number)
            return
        self.call.attempts.append(attempt)
        row = self._row(attempt)
        self.live.ledger.record(row)
        for listen in self.live.listeners:
            try:
                listen(row)
            except Exception:
                logger.exception("A listener failed")

    def _row(self, attempt: Attempt) -> LedgerRow:
        call, caller = self.call, self.call.caller
        return LedgerRow(
            at=self.live.wall(),
            call_id=call.call_id,
            number=self.number,
            run_id=caller.run_id,
            thread_id=caller.thread_id,
            user=caller.user,
            tags=call.tags,
            task=call.decision.task,
            preset=call.decision.preset,
            reason=call.decision.reason,
            role=self.role,
            attempt=attempt,
        )


def _deadline_error(call: RoutedCall, error: Exception) -> DeadlineExceededError:
    """Return the error of an attempt that the deadline ended, which came to us as a timeout like any other."""
    cut_short = DeadlineExceededError(call.deadline_s or 0.0)
    cut_short.__cause__ = error
    return cut_short
