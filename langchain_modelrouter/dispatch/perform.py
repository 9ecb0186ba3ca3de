"""Do it: the only place that calls, sleeps and waits. A failure comes back as a value.

Each attempt is the target's own public call with the child callbacks of the routed call's one chain run.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableConfig

from langchain_modelrouter.dispatch import together
from langchain_modelrouter.dispatch.answers import is_empty
from langchain_modelrouter.dispatch.asked import aasked, asked
from langchain_modelrouter.dispatch.attempt import OpenAttempt
from langchain_modelrouter.dispatch.call import RoutedCall
from langchain_modelrouter.dispatch.closing import aclose
from langchain_modelrouter.dispatch.failures import short
from langchain_modelrouter.dispatch.fit import fitted
from langchain_modelrouter.dispatch.handed_in import timeout_s
from langchain_modelrouter.dispatch.history import fitted_history
from langchain_modelrouter.dispatch.live import Live
from langchain_modelrouter.dispatch.messages import as_chunk
from langchain_modelrouter.dispatch.plan import (
    All,
    Ask,
    Call,
    Choose,
    Embed,
    Embedded,
    Failed,
    Outcome,
    Race,
    Skipped,
    Step,
    Wait,
)
from langchain_modelrouter.dispatch.tally import Tally
from langchain_modelrouter.dispatch.timers import FOREVER, StreamTimer, next_before, outer_deadline_at
from langchain_modelrouter.dispatch.traced_cost import priced
from langchain_modelrouter.dispatch.transport import alarm, headers_heard
from langchain_modelrouter.dispatch.usage import Usage, billed
from langchain_modelrouter.errors import StreamInterruptedError


class Performer:
    """Carries out the steps of one routed call."""

    __slots__ = ("call", "is_won", "live", "racing")

    def __init__(self, call: RoutedCall, live: Live) -> None:
        self.call, self.live = call, live
        self.racing: list[OpenAttempt] = []
        self.is_won = False

    # --- answers --------------------------------------------------------------------------------

    def perform(self, step: Step) -> Outcome:
        """Carry out one step, blocking."""
        if isinstance(step, Call):
            return self._ask(step)
        if isinstance(step, Wait):
            refused = self._may_wait(step.seconds)
            if refused is None:
                time.sleep(step.seconds)
            return refused
        if isinstance(step, Embed):
            return self._embed(step)
        if isinstance(step, Race):
            return together.race(self._ask, step, lambda: self.live.retry_budget.take(step.ratio), self._let_go)
        if isinstance(step, All):
            return together.all_of(self._ask, step)
        return self._ask(step)

    def _ask(self, step: Call | Ask) -> AIMessage | Failed | Skipped:
        attempt = self._begin(step, is_async=False)
        if not isinstance(attempt, OpenAttempt):
            return attempt
        before, alarm.at = alarm.at, min(alarm.at, attempt.ends_at)
        outer = outer_deadline_at.set(self.call.deadline_at)
        try:
            message = asked(attempt, self._config_of(step))
        except Exception as error:  # noqa: BLE001  a failure is a value; what is no failure of a model is raised by the plan
            return attempt.failed(error)
        except BaseException:
            attempt.cancelled()
            raise
        finally:
            outer_deadline_at.reset(outer)
            alarm.at = before
        return attempt.answered(message)

    async def aperform(self, step: Step) -> Outcome:
        """Carry out one step."""
        if isinstance(step, Call):
            return await self._aask(step)
        if isinstance(step, Wait):
            refused = self._may_wait(step.seconds)
            if refused is None:
                await asyncio.sleep(step.seconds)
            return refused
        if isinstance(step, Embed):
            return await self._aembed(step)
        if isinstance(step, Race):
            return await together.arace(self._aask, step, lambda: self.live.retry_budget.take(step.ratio))
        if isinstance(step, All):
            return await together.aall(self._aask, step)
        return await self._aask(step)

    async def _aask(self, step: Call | Ask) -> AIMessage | Failed | Skipped:
        attempt = self._begin(step, is_async=True)
        if not isinstance(attempt, OpenAttempt):
            return attempt
        outer = outer_deadline_at.set(self.call.deadline_at)
        try:
            left_s = attempt.ends_at - attempt.started
            async with asyncio.timeout(None if left_s == FOREVER else left_s):
                message = await aasked(attempt, self._config_of(step))
        except Exception as error:  # noqa: BLE001  as in `perform`
            return attempt.failed(error)
        except BaseException:
            attempt.cancelled()
            raise
        finally:
            outer_deadline_at.reset(outer)
        return attempt.answered(message)

    def _let_go(self) -> None:
        """Book the attempts that are still under way as cancelled, and let no further one start."""
        self.is_won = True
        for attempt in self.racing:
            attempt.cancelled()

    # --- streams --------------------------------------------------------------------------------

    def open(self, step: Call) -> Iterator[AIMessageChunk] | Outcome:
        """Open a stream and read it up to its first content, blocking."""
        attempt = self._begin(step, is_async=False)
        if not isinstance(attempt, OpenAttempt):
            return attempt
        tally, held = Tally(), list[AIMessageChunk]()
        chunks: Iterator[AIMessageChunk] = attempt.client.stream(
            attempt.prompt, self._config_of(step), stop=attempt.stop, **attempt.kwargs
        )
        outer = outer_deadline_at.set(self.call.deadline_at)
        try:
            while True:
                try:
                    chunk = as_chunk(next_before(chunks, self._due(attempt)))
                except StopIteration:
                    return self._ended(attempt, tally, held)
                tally.add(chunk)
                held.append(chunk)
                if self._commits(attempt, chunk):
                    return self._rest(attempt, tally, held, chunks)
        except Exception as error:  # noqa: BLE001  as in `perform`
            _close(chunks)
            return attempt.failed(error, _partial_usage(attempt, tally))
        except BaseException:
            _close(chunks)
            attempt.cancelled(tally.message())
            raise
        finally:
            outer_deadline_at.reset(outer)

    def _rest(
        self, attempt: OpenAttempt, tally: Tally, held: list[AIMessageChunk], chunks: Iterator[AIMessageChunk]
    ) -> Iterator[AIMessageChunk]:
        """Yield what is held and what is still to come; nothing is replayed after a failure."""
        try:
            for chunk in held:
                yield self._named(chunk, attempt, tally)
            while True:
                try:
                    chunk = as_chunk(next_before(chunks, self._due(attempt)))
                except StopIteration:
                    break
                tally.add(chunk)
                yield self._named(chunk, attempt, tally)
        except GeneratorExit:
            _close(chunks)
            attempt.cancelled(tally.message())
            raise
        except Exception as error:
            _close(chunks)
            raise self._interrupted(attempt, tally, error) from error
        except BaseException:
            _close(chunks)
            attempt.cancelled(tally.message())
            raise
        if not attempt.ended:
            yield self._last(attempt, tally)

    async def aopen(self, step: Call) -> AsyncIterator[AIMessageChunk] | Outcome:
        """Open a stream and read it up to its first content."""
        attempt = self._begin(step, is_async=True)
        if not isinstance(attempt, OpenAttempt):
            return attempt
        tally, held, timer = Tally(), list[AIMessageChunk](), StreamTimer()
        chunks: AsyncIterator[AIMessageChunk] = attempt.client.astream(
            attempt.prompt, self._config_of(step), stop=attempt.stop, **attempt.kwargs
        )
        outer = outer_deadline_at.set(self.call.deadline_at)
        try:
            while True:
                try:
                    chunk = as_chunk(await timer.next(chunks, self._due(attempt) - self.live.clock(), "first"))
                except StopAsyncIteration:
                    timer.close()
                    ended = self._ended(attempt, tally, held)
                    return _aiter(ended) if isinstance(ended, Iterator) else ended
                tally.add(chunk)
                held.append(chunk)
                if self._commits(attempt, chunk):
                    return self._arest(attempt, tally, held, chunks, timer)
        except Exception as error:  # noqa: BLE001  as in `perform`
            timer.close()
            await aclose(chunks)
            return attempt.failed(error, _partial_usage(attempt, tally))
        except BaseException:
            timer.close()
            attempt.cancelled(tally.message())
            await aclose(chunks)
            raise
        finally:
            outer_deadline_at.reset(outer)

    async def _arest(
        self,
        attempt: OpenAttempt,
        tally: Tally,
        held: list[AIMessageChunk],
        chunks: AsyncIterator[AIMessageChunk],
        timer: StreamTimer,
    ) -> AsyncIterator[AIMessageChunk]:
        clock = self.live.clock
        try:
            for chunk in held:
                yield self._named(chunk, attempt, tally)
            while True:
                try:
                    chunk = as_chunk(await timer.next(chunks, self._due(attempt) - clock(), "next"))
                except StopAsyncIteration:
                    break
                tally.add(chunk)
                yield self._named(chunk, attempt, tally)
        except GeneratorExit:
            attempt.cancelled(tally.message())
            await aclose(chunks)
            raise
        except Exception as error:
            await aclose(chunks)
            raise self._interrupted(attempt, tally, error) from error
        except BaseException:
            attempt.cancelled(tally.message())
            await aclose(chunks)
            raise
        finally:
            timer.close()
        if not attempt.ended:
            yield self._last(attempt, tally)

    def _commits(self, attempt: OpenAttempt, chunk: AIMessageChunk) -> bool:
        """Return whether a stream may go to the caller from this chunk on."""
        if attempt.ttft_s is None and not is_empty(chunk):
            attempt.committed()
        return attempt.ttft_s is not None and self.call.limits.stream_buffer == "none"

    def _ended(
        self, attempt: OpenAttempt, tally: Tally, held: list[AIMessageChunk]
    ) -> Iterator[AIMessageChunk] | Failed:
        """Judge a stream that has ended before it was given to the caller: whole, or without content."""
        outcome = attempt.answered(tally.message())
        if isinstance(outcome, Failed):
            return outcome
        if not held or held[-1].chunk_position != "last":
            held.append(AIMessageChunk(content="", chunk_position="last"))
        held[-1] = self._signed_last(held[-1], attempt, tally)
        return iter(held)

    def _named(self, chunk: AIMessageChunk, attempt: OpenAttempt, tally: Tally) -> AIMessageChunk:
        """Return a chunk under the served model's name; the last one with the record of the call."""
        if chunk.chunk_position == "last":
            self._finish(attempt, tally)
            return self._signed_last(chunk, attempt, tally)
        if "model_name" in chunk.response_metadata:
            chunk.response_metadata = {**chunk.response_metadata, "model_name": attempt.model.api_name}
        return chunk

    def _last(self, attempt: OpenAttempt, tally: Tally) -> AIMessageChunk:
        """Return the closing chunk of a stream that brought none of its own."""
        self._finish(attempt, tally)
        return self._signed_last(AIMessageChunk(content="", chunk_position="last"), attempt, tally)

    def _finish(self, attempt: OpenAttempt, tally: Tally) -> None:
        outcome = attempt.answered(tally.message())
        if isinstance(outcome, Failed):
            raise self._broken_off(attempt, tally, outcome.error)

    def _signed_last(self, chunk: AIMessageChunk, attempt: OpenAttempt, tally: Tally) -> AIMessageChunk:
        """Return the last chunk with the record; the name only where no earlier chunk gave it, since strings merge."""
        metadata = dict(chunk.response_metadata)
        metadata["model_router"] = self.call.record(attempt.model)
        if "model_name" in metadata or "model_name" not in tally.metadata:
            metadata["model_name"] = attempt.model.api_name
        return chunk.model_copy(update={"response_metadata": metadata})

    def _interrupted(self, attempt: OpenAttempt, tally: Tally, error: Exception) -> Exception:
        """Return the error of a stream that failed after its commit point."""
        if isinstance(error, StreamInterruptedError):
            return error
        failed = attempt.failed(error, _partial_usage(attempt, tally))
        return error if failed.failure.kind in ("bug", "cancelled") else self._broken_off(attempt, tally, error)

    def _broken_off(self, attempt: OpenAttempt, tally: Tally, error: Exception) -> StreamInterruptedError:
        attempts = [one.to_dict() for one in self.call.attempts]
        return StreamInterruptedError(attempt.model.key, short(error), tally.text, attempts)

    # --- before and after -----------------------------------------------------------------------

    def _begin(self, step: Call | Ask, *, is_async: bool) -> OpenAttempt | Failed | Skipped:
        call, live, model = self.call, self.live, step.model
        left_s = call.deadline_at - live.clock()
        if left_s <= 0:
            return Skipped("the deadline is over", call.deadline_s)
        access = live.clients.access(model)
        if isinstance(step, Ask) and access.is_built and live.clients.missing_key(model.provider):
            return Skipped(f"there is no key for {model.key}")
        if live.health.is_anyone_unwell:
            # An earlier attempt of this call, or another call meanwhile, may have found that out.
            out = live.health.unavailable(model, live.clients.credential(model))
            if out is not None:
                return Skipped(out)
        permit = live.health.admit(model, force=isinstance(step, Call) and step.forced)
        if permit is None:
            return Skipped(f"{model.key} is resting", is_only_slow=live.health.is_only_slow(model.key))
        try:
            if isinstance(step, Choose):
                client = live.clients.decisions(model, is_async=is_async)
            else:
                client = live.clients.aget(model) if is_async else live.clients.get(model)
            if isinstance(step, Ask):
                asked, given, stop = step.messages, step.settings, None
            else:
                asked, given, stop = call.messages, call.both, call.stop
            kwargs = fitted(client, model, given) if given else {}
            if not access.is_built and "timeout" not in kwargs:
                left_s = min(left_s, live.clients.options.timeout_s or FOREVER)
                if left_s < FOREVER and (told_s := timeout_s(client, left_s)) is not None:
                    kwargs["timeout"] = told_s
            history = fitted_history(asked, provider=model.provider, family=access.family)
            reservation = None if call.budget is None else call.budget.reserve(model, call.expected_tokens, given)
        except BaseException:
            permit.cancelled()
            raise
        if access.is_built:
            headers_heard.set(partial(live.health.note_headers, model.key))
        if isinstance(step, Call):
            call.served = model
            call.dropped = history.dropped
            if self.is_won:
                permit.cancelled()
                return Skipped("another one has answered")
        most_s = step.timeout_s if isinstance(step, Ask) else access.answer_timeout_s
        attempt = OpenAttempt(
            call, live, model, permit, client, history.messages, kwargs, stop, most_s, step.role, reservation
        )
        if isinstance(step, Call) and step.role != "reply":
            self.racing.append(attempt)
        return attempt

    def _config_of(self, step: Call | Ask) -> RunnableConfig:
        """Return the config of an attempt; the tokens of our own questions stay out of message streams."""
        config = self.call.config
        if config.get("callbacks"):
            config = priced(config, step.model)
        return config if step.role == "reply" else {**config, "tags": [*(config.get("tags") or ()), "nostream"]}

    def _embed(self, step: Embed) -> Embedded | Skipped:
        try:
            return Embedded(step.embeddings.embed_documents(list(step.texts)))
        except Exception as error:  # noqa: BLE001  a classifier of any make may fail in any way; the call goes on
            return Skipped(f"no vectors: {short(error)}")

    async def _aembed(self, step: Embed) -> Embedded | Skipped:
        try:
            return Embedded(await step.embeddings.aembed_documents(list(step.texts)))
        except Exception as error:  # noqa: BLE001  as in `_embed`
            return Skipped(f"no vectors: {short(error)}")

    def _may_wait(self, seconds: float) -> Skipped | None:
        if self.live.clock() + seconds >= self.call.deadline_at:
            return Skipped("the deadline comes before the wait is over")
        if not self.live.retry_budget.take():
            return Skipped("the retry budget is spent")
        return None

    def _due(self, attempt: OpenAttempt) -> float:
        """Return by when, on the clock, the next chunk of a stream has to come."""
        limits, deadline_at = self.call.limits, self.call.deadline_at
        if attempt.ttft_s is None:
            wait_s, since = limits.ttft_timeout_s, attempt.started
        else:
            wait_s, since = limits.idle_timeout_s, self.live.clock()
        return deadline_at if wait_s is None else min(deadline_at, since + wait_s)


def _partial_usage(attempt: OpenAttempt, tally: Tally) -> Usage | None:
    """Return what a stream that broke off is billed for; None where it gave nothing."""
    message = tally.message()
    gave_nothing = is_empty(message) and message.usage_metadata is None
    return None if gave_nothing else billed(message, attempt.expected_input)


def _close(chunks: Iterator[object]) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


async def _aiter(chunks: Iterator[AIMessageChunk]) -> AsyncIterator[AIMessageChunk]:
    for chunk in chunks:
        yield chunk
