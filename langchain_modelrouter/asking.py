"""Deciding before calling, where the classifier is a model: what `RouterChatModel.decide` leaves open is asked.

The attempts of the classifier are in the ledger, as those of any routed call.
"""

import asyncio
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.dispatch import drive
from langchain_modelrouter.dispatch.call import RoutedCall
from langchain_modelrouter.dispatch.perform import Performer
from langchain_modelrouter.dispatch.plan import Plan
from langchain_modelrouter.engine import Snapshot
from langchain_modelrouter.routing.decision import Decision


def decide(
    router: RouterChatModel, input: LanguageModelInput, config: RunnableConfig | None = None, **options: Any
) -> tuple[Decision, float | None]:
    """Return the decision, and what a model that had to be asked for it cost, in USD; None where that is unknown.

    Raises:
        ModelRouterError: as `invoke` raises when it decides.
    """
    call, snapshot = router._prepare(router._messages(input), ensure_config(config), None, options)
    drive.run(_asked(call, snapshot), Performer(call, snapshot.live).perform)
    return call.decision, _spent_usd(call)


async def adecide(
    router: RouterChatModel, input: LanguageModelInput, config: RunnableConfig | None = None, **options: Any
) -> tuple[Decision, float | None]:
    """Return the decision, and what a model that had to be asked for it cost; see `decide`."""
    if not router.engine.is_warm:
        await asyncio.to_thread(router.engine.warm_up)
    call, snapshot = router._prepare(router._messages(input), ensure_config(config), None, options)
    await drive.arun(_asked(call, snapshot), Performer(call, snapshot.live).aperform)
    return call.decision, _spent_usd(call)


def _asked(call: RoutedCall, snapshot: Snapshot) -> Plan:
    """Settle the decision of a call, and end in the name of its task."""
    if call.settle is not None and call.request is not None and snapshot.asking is not None:
        opinion = yield from snapshot.asking.opinion(call.request)
        call.settle(snapshot.router.classified_task(opinion, snapshot.asking.name))
    return AIMessage(call.decision.task)


def _spent_usd(call: RoutedCall) -> float | None:
    return None if call.spent_usd is None else float(call.spent_usd)
