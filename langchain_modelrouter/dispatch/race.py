"""Several models at once: the first success wins, or a second one helps where the first is slow."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.plan import Answers, Call, Failed, Plan, Race, failure_of
from langchain_modelrouter.routing.decision import Decision


def race(decision: Decision, *, runners: int) -> Plan:
    """Ask the first `runners` models at once; the first answer wins and the others are cancelled.

    A model that fails first does not win: the race goes on. When all have failed, the models after them race.

    Raises:
        AllModelsFailedError: nobody answered.
        Exception: the error of an attempt that no other model can mend, as it was raised.
    """
    failures: list[Failed] = []
    for start in range(0, len(decision.ranked), runners):
        heat: Sequence[ModelInfo] = decision.ranked[start : start + runners]
        outcome = yield Race(tuple(Call(model, role="race") for model in heat))
        if isinstance(outcome, AIMessage):
            return outcome
        if not isinstance(outcome, Answers):
            break
        failures += [result for result in outcome.results if isinstance(result, Failed)]
        if final := next((failed for failed in failures if failed.failure.action == "raise"), None):
            raise final.error
    raise failure_of(decision, failures)


def hedged(decision: Decision, then: Plan, *, after_s: float, ratio: float | None = None) -> Plan:
    """Ask the first model, and the second as well once the first has been silent for `after_s`; then go on as `then`.

    The second call draws on the retry budget; with a `ratio`, only while retries and hedges together are below that
    share of requests. Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 2013.
    """
    if len(decision.ranked) < 2:
        return (yield from then)
    first, second = decision.ranked[:2]
    outcome = yield Race(
        (Call(first, role="hedge"), Call(second, role="hedge")), stagger_s=after_s, is_hedge=True, ratio=ratio
    )
    if isinstance(outcome, AIMessage):
        return outcome
    return (yield from then)
