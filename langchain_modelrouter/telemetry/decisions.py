"""Structured logs: one line of JSON per decision.

Set the level of the logger `langchain_modelrouter.decisions` to INFO for it; at DEBUG the line holds the prompt, too.
"""

import json
import logging

from langchain_modelrouter.routing.decision import Decision
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.telemetry.names import DECISION_LOGGER

logger = logging.getLogger(DECISION_LOGGER)


def log_decision(call_id: str, request: RouteRequest, decision: Decision, decision_ms: float) -> None:
    """Log what was decided and why, where somebody listens; the same facts are the record's `decision`."""
    if not logger.isEnabledFor(logging.INFO):
        return
    facts = {
        "call_id": call_id,
        "thread_id": request.thread_id,
        "task": decision.task,
        "task_source": decision.task_source,
        "confidence": decision.confidence,
        "preset": decision.preset,
        "strategy": decision.strategy,
        "ranked": [model.key for model in decision.ranked],
        "refused": dict(decision.refused),
        "reason": decision.reason,
        "notes": list(decision.notes),
        "input_tokens": request.input_tokens,
        "decision_ms": decision_ms,
    }
    if logger.isEnabledFor(logging.DEBUG):
        facts["prompt"] = request.text
    logger.info("%s", json.dumps(facts, ensure_ascii=False, default=str), extra={"decision": facts})
