"""The live half of a router: the configuration in force, its clients, health and records.

One engine is shared by all views of a router (`for_task`, `with_preset`). Each call takes one snapshot and
keeps it to its end, so that a reload never meets a call half-way.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from uuid_utils import uuid7

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.dispatch.budget import CallBudget
from langchain_modelrouter.dispatch.call import RoutedCall
from langchain_modelrouter.dispatch.caller import Caller
from langchain_modelrouter.dispatch.classify import AskingClassifier, Cascade, LlmClassifier, SemanticClassifier
from langchain_modelrouter.dispatch.clients import ClientOptions, Clients
from langchain_modelrouter.dispatch.decisions import DecisionsClassifier, refuse_without_decisions
from langchain_modelrouter.dispatch.fit import needs_of
from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.dispatch.health import Health
from langchain_modelrouter.dispatch.ledger import Ledger, MemoryLedger
from langchain_modelrouter.dispatch.live import Live
from langchain_modelrouter.dispatch.model_health import ModelHealth
from langchain_modelrouter.dispatch.plan import Plan, retry_then_fall_back
from langchain_modelrouter.dispatch.race import hedged
from langchain_modelrouter.dispatch.retry import RetryBudget, full_jitter_s
from langchain_modelrouter.dispatch.settings import FailureAction, LedgerConfig
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.errors import InvalidOptionError, LedgerUnavailableError
from langchain_modelrouter.options import CallOptions
from langchain_modelrouter.reload import FollowedConfig
from langchain_modelrouter.routing.classification import Classifier
from langchain_modelrouter.routing.classifiers import classifier_named
from langchain_modelrouter.routing.classifiers.local import LocalClassifier, load
from langchain_modelrouter.routing.decision import Decision, Signals
from langchain_modelrouter.routing.features import features_of, tool_names
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.router import Router, Situation, TaskChoice
from langchain_modelrouter.routing.settings import TaskConfig
from langchain_modelrouter.startup import startup_line

logger = logging.getLogger("langchain_modelrouter")

_NO_TASK = TaskConfig()
EXPECTED_OUTPUT_TOKENS = 200
"""Until answers to a task have been seen: the workload model's figure (FACTS 2)."""
THREADS_KEPT = 10_000
CALLS_BEFORE_HEDGES = 20
"""A 95th percentile of fewer answers is the slowest of them."""


PlanMaker = Callable[[RoutedCall, "Snapshot"], Plan]
"""Makes the plan of a call whose decision stands."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One configuration in force, and all that was made from it."""

    config: RouterConfig
    router: Router
    live: Live
    overrides: Mapping[str, FailureAction]
    asking: AskingClassifier | None = None
    """The classifier that must ask a model first, where one is configured."""


class Engine:
    """Everything that the calls of one router share. Thread-safe."""

    def __init__(
        self,
        source: RouterConfig | FollowedConfig,
        *,
        handed_in: Mapping[str, BaseChatModel] | None = None,
        options: ClientOptions | None = None,
        classifier: Classifier | SemanticClassifier | None = None,
        live: Callable[[Live], Live] = lambda live: live,
    ) -> None:
        self._followed = source if isinstance(source, FollowedConfig) else None
        self.follows_a_file = self._followed is not None
        """True where the configuration in force may change."""
        self._handed_in, self._options, self._classifier = dict(handed_in or {}), options, classifier
        self._live_hook = live
        self._lock = Lock()
        renew_after_fork(self)
        self._sticky: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._expected_tokens: dict[str, float] = {}
        self.is_warm = False
        self._snapshot = self._made_from(source.current if isinstance(source, FollowedConfig) else source, None)

    def __deepcopy__(self, _memo: Any) -> "Engine":
        """Be shared by copies of a router, as by its views."""
        return self

    def warm_up(self) -> None:
        """Load what a first call needs: classifier, client library, trust store. It reads files, so it may block."""
        snapshot = self._snapshot
        if isinstance(snapshot.router.classifier, LocalClassifier):
            load(snapshot.router.classifier.weights)
        live = snapshot.live
        live.clients.warm_up()
        live.budgets.load(snapshot.config.budgets, live.ledger, live.wall())
        self.is_warm = True

    @property
    def snapshot(self) -> Snapshot:
        """What is in force now; a changed file is taken over here, between two calls."""
        if self._followed is not None and self._followed.current is not self._snapshot.config:
            self._take_over(self._followed.current)
        return self._snapshot

    def after_fork(self) -> None:
        """Make a new lock."""
        self._lock = Lock()

    def health(self) -> Mapping[str, ModelHealth]:
        """Return a frozen view of each model's health."""
        return self.snapshot.live.health.snapshot()

    # --- one call -------------------------------------------------------------------------------

    def request(
        self,
        snapshot: Snapshot,
        messages: list[BaseMessage],
        kwargs: Mapping[str, Any],
        options: CallOptions,
        *,
        metadata: Mapping[str, Any],
        thread_id: str | None,
        max_tokens: int | None,
        among: tuple[str, ...] = (),
    ) -> RouteRequest:
        """Return the frozen view of one call."""
        features = features_of(messages)
        names, needs = (tool_names(kwargs.get("tools")), needs_of(kwargs)) if kwargs else ((), None)
        expected = self._expected_tokens.get(options.task or "", EXPECTED_OUTPUT_TOKENS)
        return RouteRequest(
            text=features.text,
            system=features.system,
            input_tokens=features.input_tokens,
            output_tokens=int(expected if max_tokens is None else min(expected, max_tokens)),
            turn=features.turn,
            last_message_type=features.last_message_type,
            tool_names=names,
            needs=features.needs | needs if needs else features.needs,
            tags=options.route_tags,
            metadata=metadata,
            task=options.task,
            model=options.model,
            among=among,
            fallback=options.fallback,
            thread_id=thread_id,
            loop=features.loop,
            max_cost_usd=options.max_cost_usd,
            draw=snapshot.live.draw(),
        )

    def stated_task(self, snapshot: Snapshot, request: RouteRequest) -> TaskChoice | None:
        """Return the task of `request`; None where a model must be asked for it."""
        choice = snapshot.router.stated_task(request)
        return snapshot.router.unstated_task(request) if choice is None and snapshot.asking is None else choice

    def task_without_asking(self, snapshot: Snapshot, request: RouteRequest) -> TaskChoice:
        """Return the best guess at the task where no model may be asked."""
        choice = snapshot.router.choose_task(request)
        return (
            choice
            if snapshot.asking is None
            else replace(choice, note=f"the classifier {snapshot.asking.name} was not asked")
        )

    def decide(
        self,
        snapshot: Snapshot,
        request: RouteRequest,
        choice: TaskChoice,
        preset: str | None,
        budget: CallBudget | None = None,
    ) -> Decision:
        """Return the decision for `request` as things stand now.

        Raises:
            BudgetExceededError, GraphInterrupt: it does not fit a budget that fails or asks a person.
            ModelRouterError: see `Router.decide`.
        """
        router = snapshot.router
        is_bound = choice.model is None and (request.thread_id is not None or request.loop is not None)
        sticky = self._stuck_to(snapshot, request, choice.task, preset or router.preset) if is_bound else None
        live = snapshot.live
        outlook = None if live.health.is_anyone_unwell else live.clients.without_key()
        decision = router.settled(request, choice, preset or router.preset, sticky, outlook)
        if budget is None and decision is not None:
            return decision
        situation = Situation(self._signals(snapshot), sticky, outlook=outlook)
        decision = decision or router.decide(request, preset=preset, choice=choice, situation=situation)
        if budget is None:
            return decision
        line = budget.exceeded(decision.ranked[0].cost_usd(request.input_tokens, request.output_tokens))
        if line is None:
            return decision
        if (cheaper := line.budget.preset) is None:
            situation = replace(situation, sticky_model=None, budget_left_usd=line.left_usd)
        decision = router.decide(request, preset=cheaper or preset, choice=choice, situation=situation)
        note = f"budget {line.budget.name} has ${max(line.left_usd, 0):.4f} left: {cheaper or 'the cheapest model'}"
        return replace(decision, notes=(*decision.notes, note))

    def budget(
        self, snapshot: Snapshot, caller: Caller, tags: tuple[str, ...], config: Mapping[str, Any]
    ) -> CallBudget | None:
        """Return the budgets that a call has to keep to; None where there are none."""
        budgets, live = snapshot.config.budgets, snapshot.live
        if not budgets:
            return None
        live.budgets.load(budgets, live.ledger, live.wall())
        return live.budgets.of_call(budgets, live.wall(), caller, tags, config)

    def settings(self, snapshot: Snapshot, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return temperature and max_tokens of a task under those that are given."""
        own = snapshot.config.tasks.get(task, _NO_TASK)
        settings: dict[str, Any] = {}
        if own.temperature is not None:
            settings["temperature"] = own.temperature
        if own.max_tokens is not None:
            settings["max_tokens"] = own.max_tokens
        settings.update(given)
        return settings

    def plan(
        self,
        snapshot: Snapshot,
        call: RoutedCall,
        max_retries: int | None,
        dispatch: PlanMaker | None = None,
        *,
        hedges: bool = False,
    ) -> Plan:
        """Return the plan of a call: try the models of the decision; ask for the task first where that is open.

        Args:
            max_retries: goes before `retry.same_model`.
            dispatch: makes another plan for the decision.
            hedges: may a second model be asked where the first is slow? A reply that is hedged is not streamed.

        Raises:
            LedgerUnavailableError: a strict ledger cannot record the call.
        """
        if (problem := snapshot.live.ledger.refusal()) is not None:
            raise LedgerUnavailableError(problem)
        snapshot.live.retry_budget.note_request()
        if dispatch is None:
            dispatch = partial(_in_turn, max_retries=max_retries, hedges=hedges)
        return dispatch(call, snapshot) if call.settle is None else _asked_first(call, snapshot, dispatch)

    def served(self, call: RoutedCall) -> None:
        """Take note of which model answered, for its thread and for what its task usually takes."""
        task = call.decision.task
        if call.attempts and (tokens := call.attempts[-1].output_tokens):
            before = self._expected_tokens.get(task)
            self._expected_tokens[task] = tokens if before is None else 0.9 * before + 0.1 * tokens
        if (thread_id := call.caller.thread_id) is not None:
            with self._lock:
                key = (thread_id, call.decision.preset, task)
                self._sticky[key] = call.served.key
                self._sticky.move_to_end(key)
                if len(self._sticky) > THREADS_KEPT:
                    self._sticky.popitem(last=False)

    def _stuck_to(self, snapshot: Snapshot, request: RouteRequest, task: str, preset: str) -> str | None:
        """Return the model that a thread or a tool loop stays on, so that prompt caches and tool calls stay valid."""
        if not snapshot.config.routing.sticky or request.model is not None:
            return None
        if request.thread_id is not None and (kept := self._sticky.get((request.thread_id, preset, task))):
            return kept
        return request.loop[0] if request.loop is not None and request.loop[1] == task else None

    def _signals(self, snapshot: Snapshot) -> Callable[[str], Signals]:
        """Return a view of the models' signals in which a provider without a key is unavailable."""
        clients, health, registry = snapshot.live.clients, snapshot.live.health, snapshot.router.registry
        by_provider: dict[str, Signals | None] = {}

        def signals(key: str) -> Signals:
            if key in clients.handed_in:
                return self._with_outage(health, registry[key], key)
            provider = registry[key].provider
            if provider not in by_provider:
                missing = clients.missing_key(provider)
                by_provider[provider] = None if missing is None else Signals(unavailable=missing)
            return by_provider[provider] or self._with_outage(health, registry[key], clients.credential(registry[key]))

        return signals

    @staticmethod
    def _with_outage(health: Health, model: ModelInfo, credential: str) -> Signals:
        reason = health.unavailable(model, credential)
        signals = health.signals(model.key)
        return signals if reason is None else replace(signals, unavailable=reason)

    # --- configurations -------------------------------------------------------------------------

    def _take_over(self, config: RouterConfig) -> None:
        with self._lock:
            before = self._snapshot
            if config is before.config:
                return
            self._snapshot = self._made_from(config, before)
            self._sticky.clear()

    def _pure_classifier(self, config: RouterConfig) -> Classifier | None:
        if isinstance(self._classifier, SemanticClassifier):
            return None
        return self._classifier or classifier_named(config.routing.classifier)

    def _made_from(self, config: RouterConfig, before: Snapshot | None) -> Snapshot:
        options = replace(self._options or ClientOptions(), limits=config.limits)
        router = Router(
            config.registry,
            tasks=config.tasks,
            presets={config.preset: {}, **{name: config.preset_models(name) for name in config.presets}},
            preset=config.preset,
            routing=config.routing,
            fallback=config.fallback,
            classifier=self._pure_classifier(config),
        )
        if before is None:
            live = self._live_hook(
                Live(
                    clients=Clients(config.registry.providers, self._handed_in, options),
                    health=Health(config.breaker),
                    ledger=_ledger(config.ledger),
                    retry_budget=RetryBudget(config.retry.budget_ratio),
                )
            )
        else:
            live = before.live
            live.health.on_reload(set(config.registry), config.breaker)
            live.retry_budget.ratio = config.retry.budget_ratio
            if _client_parts(config) != _client_parts(before.config):
                live = replace(live, clients=live.clients.succeeded_by(config.registry.providers, options))
            if config.ledger != before.config.ledger:
                live = replace(live, ledger=_ledger(config.ledger))
            if (config.ledger, config.budgets) != (before.config.ledger, before.config.budgets):
                self.is_warm = False
        overrides = dict(config.failures.actions)
        if config.limits.content_filter == "fallback":
            overrides.setdefault("content_filter", "next_model")
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s", startup_line(config, handed_in=self._handed_in))
        return Snapshot(config, router, live, overrides, self._asking(config, router, live))

    def _asking(self, config: RouterConfig, router: Router, live: Live) -> AskingClassifier | None:
        """Return the configured classifier that asks a model.

        Raises:
            InvalidOptionError: it lacks what it needs.
        """
        if self._classifier is not None:
            return self._classifier if isinstance(self._classifier, SemanticClassifier) else None
        routing = config.routing
        match routing.classifier:
            case "llm" | "cascade" | "decisions":
                if routing.classifier_model is None:
                    raise InvalidOptionError("routing.classifier_model", "name the model that the classifier asks")
                model = config.registry.resolve(routing.classifier_model)
                words = {task: config.tasks[task].description for task in _words(config)}
                if routing.classifier == "decisions":
                    provider, handed_in = config.providers[model.provider], live.clients.handed_in
                    refuse_without_decisions(model, provider, is_handed_in=model.key in handed_in)
                    return DecisionsClassifier(model, words, routing.classifier_timeout_s)
                llm = LlmClassifier(model, words, routing.classifier_timeout_s)
                local = router.classifier
                is_cascade = routing.classifier == "cascade" and local is not None
                return Cascade(local, llm, routing.classifier_threshold) if is_cascade and local else llm
            case "semantic":
                if routing.embedding_model is None or not routing.routes:
                    raise InvalidOptionError("routing", "the semantic classifier needs `embedding_model` and `routes`")
                embeddings = live.clients.embeddings(config.registry.resolve(routing.embedding_model))
                return SemanticClassifier(embeddings, routing.routes)
            case _:
                return None


CATEGORIES = ("simple", "general", "reasoning", "code", "agent")


def _words(config: RouterConfig) -> tuple[str, ...]:
    """Return the tasks that a model chooses from: the five categories where all are tasks here, else all tasks."""
    return CATEGORIES if all(category in config.tasks for category in CATEGORIES) else tuple(config.tasks)


def _ledger(config: LedgerConfig) -> Ledger:
    if config.path is None:
        return MemoryLedger()
    return SqliteLedger(
        config.path, queue_size=config.queue_size, retention_days=config.retention_days, strict=config.strict
    )


def _client_parts(config: RouterConfig) -> tuple[Any, ...]:
    """Return what the clients are built from: where it is unchanged, a reload keeps them."""
    return config.providers, config.models, config.limits


def _in_turn(call: RoutedCall, snapshot: Snapshot, *, max_retries: int | None, hedges: bool) -> Plan:
    """Return the plan that asks one model after the other."""
    retry, draw = snapshot.config.retry, snapshot.live.draw
    in_turn = retry_then_fall_back(
        call.decision,
        retries=retry.same_model if max_retries is None else max_retries,
        max_models=snapshot.config.fallback.max_models,
        backoff_s=lambda attempt: full_jitter_s(
            attempt, base_s=retry.backoff_base_s, cap_s=retry.backoff_cap_s, draw=draw()
        ),
    )
    if hedges and retry.hedge_ratio and (after_s := _hedge_after_s(snapshot, call.decision)) is not None:
        return hedged(call.decision, in_turn, after_s=after_s, ratio=retry.hedge_ratio)
    return in_turn


def _asked_first(call: RoutedCall, snapshot: Snapshot, dispatch: PlanMaker) -> Plan:
    """Ask a model for the task, then go on as `dispatch` has it."""
    if call.settle is not None and call.request is not None and snapshot.asking is not None:
        opinion = yield from snapshot.asking.opinion(call.request)
        call.settle(snapshot.router.classified_task(opinion, snapshot.asking.name))
    return (yield from dispatch(call, snapshot))


def _hedge_after_s(snapshot: Snapshot, decision: Decision) -> float | None:
    """Return the first model's own 95th percentile, in seconds; None before it means something."""
    health = snapshot.live.health.snapshot().get(decision.model.key)
    return None if health is None or health.calls < CALLS_BEFORE_HEDGES else health.p95_latency_s


def new_call_id() -> str:
    """Return an id that sorts by time."""
    return str(uuid7())
