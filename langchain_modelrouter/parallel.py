"""Several models for one request: race, hedge, consensus, judge, and every answer.

The first four return chat models, views of the router that share its health, ledger and clients; each call is one
decision whose record has every attempt, winners and losers, with their cost. A stream of theirs is one chunk, since
the reply is known only when it is whole.

    fast = race(router, ["sambanova-llama-8b", "nebius-llama-8b"])
    sure = consensus(router, ["a", "b", "c"], select="majority")
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import get_executor_for_config

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.dispatch.call import RoutedCall
from langchain_modelrouter.dispatch.consensus import consensus as consensus_plan
from langchain_modelrouter.dispatch.consensus import judged
from langchain_modelrouter.dispatch.failures import classify, short
from langchain_modelrouter.dispatch.plan import Plan
from langchain_modelrouter.dispatch.race import hedged
from langchain_modelrouter.dispatch.race import race as race_plan
from langchain_modelrouter.dispatch.votes import SELECTORS, Selector
from langchain_modelrouter.engine import Snapshot
from langchain_modelrouter.errors import AllModelsFailedError, InvalidOptionError, nearest
from langchain_modelrouter.routing.features import features_of

JUDGE_TIMEOUT_S = 60.0


def race(router: RouterChatModel, models: Sequence[str] | None = None, *, runners: int = 2) -> RouterChatModel:
    """Return a chat model that asks several models at once; the first *success* wins, the others are cancelled.

    Blocking calls run in threads, which cannot be cancelled: a loser's connection stays busy until it answers or
    the deadline comes, and it is booked as cancelled at its estimated input.

    Args:
        models: who races, all of them; by default the first `runners` of each decision.
        runners: how many race at once; where all of them fail, the next ones race.
    """
    number = _at_least_two(models, runners)
    return _view(router, models, lambda call, _: race_plan(call.decision, runners=number))


def hedge(router: RouterChatModel, models: Sequence[str] | None = None, *, after_s: float) -> RouterChatModel:
    """Return a chat model that asks a second model once the first has been silent for `after_s` seconds.

    Second calls draw on the retry budget. `retry.hedge_ratio` in the configuration does the same for every call
    that is not a stream, after each model's own 95th percentile.
    """

    def plan(call: RoutedCall, snapshot: Snapshot) -> Plan:
        return hedged(call.decision, race_plan(call.decision, runners=1), after_s=after_s)

    return _view(router, models, plan)


def consensus(
    router: RouterChatModel,
    models: Sequence[str] | None = None,
    *,
    voters: int = 3,
    select: str | Selector = "longest",
) -> RouterChatModel:
    """Return a chat model whose reply is what several models agree on; failures are left out.

    Args:
        models: who votes, all of them; by default the first `voters` of each decision.
        voters: how many vote.
        select: `longest`, `majority` (over normalised text), `fields` (field by field, for structured outputs and
            tool calls), or a function from the answers to one. `response_metadata["agreement"]` has the shares.

    Raises:
        InvalidOptionError: there is no such selector.
    """
    if isinstance(select, str) and select not in SELECTORS:
        near = nearest(select, SELECTORS)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidOptionError("select", f"{select!r} is not one of {', '.join(SELECTORS)}{hint}")
    selector = SELECTORS[select] if isinstance(select, str) else select
    number = _at_least_two(models, voters)
    return _view(router, models, lambda call, _: consensus_plan(call.decision, voters=number, select=selector))


def judge(router: RouterChatModel, models: Sequence[str] | None = None, *, by: str, voters: int = 3) -> RouterChatModel:
    """Return a chat model whose reply is the answer that a judge picks among several models' answers.

    Args:
        models: who answers, all of them; by default the first `voters` of each decision.
        by: the model that judges: key, alias or api_name.
        voters: how many answer.

    Raises:
        UnknownModelError: there is no such judge. Calls raise `JudgeError` where the judge gives no verdict.
    """
    router.registry.resolve(by)
    number = _at_least_two(models, voters)

    def plan(call: RoutedCall, snapshot: Snapshot) -> Plan:
        question = features_of(call.messages).text
        judging = snapshot.config.registry.resolve(by)
        return judged(call.decision, voters=number, judge=judging, question=question, timeout_s=JUDGE_TIMEOUT_S)

    return _view(router, models, plan)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model made of a request: a message, or the error in a few safe words."""

    model: str
    message: AIMessage | None = None
    error: str | None = None


def fan_out(router: RouterChatModel, models: Sequence[str]) -> Runnable[LanguageModelInput, list[Answer]]:
    """Return a runnable that gives the answer of every model, failures among them, in the order of `models`.

    Each is a routed call of its own, forced to its model, with its own record and cost.
    """
    for name in models:
        router.registry.resolve(name)

    def one(name: str, input: LanguageModelInput, config: RunnableConfig) -> Answer:
        try:
            return Answer(name, router.invoke(input, config, model=name))
        except Exception as error:  # noqa: BLE001  a failure is an answer too; `_failed` raises what is none
            return _failed(name, error)

    async def a_one(name: str, input: LanguageModelInput, config: RunnableConfig) -> Answer:
        try:
            return Answer(name, await router.ainvoke(input, config, model=name))
        except Exception as error:  # noqa: BLE001  a failure is an answer too; `_failed` raises what is none
            return _failed(name, error)

    def all_answers(input: LanguageModelInput, config: RunnableConfig) -> list[Answer]:
        with get_executor_for_config(config) as executor:
            return list(executor.map(lambda name: one(name, input, config), models))

    async def a_all_answers(input: LanguageModelInput, config: RunnableConfig) -> list[Answer]:
        return list(await asyncio.gather(*(a_one(name, input, config) for name in models)))

    return RunnableLambda(all_answers, afunc=a_all_answers, name="fan_out")


def _failed(name: str, error: Exception) -> Answer:
    """Return a failure as an answer; a bug of the program is no answer and goes on its way."""
    if classify(error).kind in ("bug", "cancelled"):
        raise error
    tried = error.attempts if isinstance(error, AllModelsFailedError) else ()
    return Answer(name, error=tried[-1]["error"] if tried else short(error))


def _at_least_two(models: Sequence[str] | None, number: int) -> int:
    number = len(models) if models is not None else number
    if number < 2:
        raise InvalidOptionError("models", f"{number} model is no company; name at least two")
    return number


def _view(router: RouterChatModel, models: Sequence[str] | None, dispatch: Any) -> RouterChatModel:
    for name in models or ():
        router.registry.resolve(name)
    return router.model_copy(update={"among": None if models is None else tuple(models), "dispatch": dispatch})
