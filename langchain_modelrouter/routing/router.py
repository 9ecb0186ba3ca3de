"""The router: registry + rules + preset + strategy. It turns a RouteRequest into a Decision, without I/O."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import inf
from types import MappingProxyType

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.catalog.registry import ModelRegistry
from langchain_modelrouter.errors import NoEligibleModelError, UnknownPresetError, UnknownTaskError
from langchain_modelrouter.quick import quick
from langchain_modelrouter.routing.classification import Classification, Classifier
from langchain_modelrouter.routing.decision import Candidate, Decision, Signals
from langchain_modelrouter.routing.eligibility import refusal
from langchain_modelrouter.routing.fallbacks import chain, of_size, split
from langchain_modelrouter.routing.request import RouteRequest
from langchain_modelrouter.routing.rules import by_priority, first_match
from langchain_modelrouter.routing.settings import FallbackConfig, RoutingConfig, TaskConfig
from langchain_modelrouter.routing.strategies import strategy_named

Presets = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Preset name to task to model keys; the task `default` stands for all that are not named."""

QUIET = Signals()
_PLAIN_TASK = TaskConfig()
_MEMO_LIMIT = 4096


def no_signals(_key: str) -> Signals:
    """Say nothing about any model: nobody rests, nobody is busy."""
    return QUIET


@quick
@dataclass(frozen=True, slots=True)
class Situation:
    """What is true just now, as a frozen view for one decision."""

    signals: Callable[[str], Signals] = no_signals
    """Model key to its snapshot."""
    sticky_model: str | None = None
    """The model that this thread or tool loop has used for this task."""
    budget_left_usd: Decimal | None = None
    """What the tightest budget that downgrades leaves."""
    outlook: Hashable = None
    """Stands for all signals where no model rests: while it stays the same, so does what they say of who is available.
    None where each model has to be looked at."""


CALM = Situation(outlook="calm")


@quick
@dataclass(frozen=True, slots=True)
class TaskChoice:
    """The task of a request and where it comes from."""

    task: str
    source: str
    confidence: float | None = None
    model: str | None = None
    """The model that a rule sets; it may fall back."""
    difficulty: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision that holds for every request of its kind that fits all candidates' windows."""

    decision: Decision
    window: float
    """The smallest context window in line, in tokens."""


class Router:
    """Turns requests into decisions. Immutable: a changed configuration makes a new one."""

    def __init__(
        self,
        registry: ModelRegistry,
        *,
        tasks: Mapping[str, TaskConfig],
        presets: Presets,
        preset: str,
        routing: RoutingConfig = RoutingConfig(),
        fallback: FallbackConfig = FallbackConfig(),
        classifier: Classifier | None = None,
    ) -> None:
        self.registry, self.preset, self.routing, self.fallback = registry, preset, routing, fallback
        self.tasks, self.presets = MappingProxyType(dict(tasks)), MappingProxyType(dict(presets))
        self.classifier = classifier
        self._rules = by_priority(routing.rules)
        self._strategy = strategy_named(routing.strategy, routing)
        self._splits = {registry.resolve(name).key: shares for name, shares in routing.splits.items()}
        self._chains: dict[tuple[str, ...], tuple[Candidate, ...]] = {}
        self._explicit: dict[str, TaskChoice] = {}
        self._settled: dict[Hashable, Settled] = {}
        self._is_steady = (
            routing.strategy == "preset"
            and routing.saturation is None
            and routing.max_cost_usd is None
            and not routing.splits
        )

    # --- which task -----------------------------------------------------------------------------

    def stated_task(self, request: RouteRequest) -> TaskChoice | None:
        """Return the task that the caller or a rule states, or None where a classifier must say.

        Raises:
            UnknownTaskError: the stated task is not defined.
        """
        if request.task is not None:
            return self._explicit.get(request.task) or self._explicitly(request.task)
        if request.model is not None:
            return TaskChoice(self.routing.default_task, "default")
        if self._rules and (rule := first_match(self._rules, request)) is not None:
            task = self.routing.default_task if rule.then.task is None else rule.then.task
            return TaskChoice(self._known_task(task), f"rule:{rule.name}", model=rule.then.model)
        return None

    def classified_task(self, classification: Classification | None, name: str) -> TaskChoice:
        """Return the task that the classifier of that name means here; the default task where it means none."""
        if classification is None:
            return TaskChoice(self.routing.default_task, "default", note=f"classifier {name} gave no answer")
        task = self.routing.category_tasks.get(classification.task, classification.task)
        if task not in self.tasks:
            return TaskChoice(
                self.routing.default_task,
                "default",
                difficulty=classification.difficulty,
                note=f"classifier {name} said {classification.task!r}, which is no task here",
            )
        return TaskChoice(task, f"classifier:{name}", classification.confidence, difficulty=classification.difficulty)

    def choose_task(self, request: RouteRequest) -> TaskChoice:
        """Return the task: explicit, else by rule, else by the local classifier, else the default.

        Raises:
            UnknownTaskError: the stated task is not defined.
        """
        return self.stated_task(request) or self.unstated_task(request)

    def unstated_task(self, request: RouteRequest) -> TaskChoice:
        """Return the task where nothing states it: by the local classifier, else the default.

        A classifier that fails never fails the call: its error becomes a note of the decision.
        """
        if self.classifier is None:
            return TaskChoice(self.routing.default_task, "default")
        try:
            classification = self.classifier(request)
        except Exception as error:  # noqa: BLE001  a classifier of any make may fail in any way; the call goes on
            return TaskChoice(
                self.routing.default_task,
                "default",
                note=f"classifier {self.classifier.name} failed: {type(error).__name__}",
            )
        return self.classified_task(classification, self.classifier.name)

    def _explicitly(self, task: str) -> TaskChoice:
        choice = self._explicit[task] = TaskChoice(self._known_task(task), "explicit")
        return choice

    def _known_task(self, task: str) -> str:
        if task not in self.tasks and task not in self.presets[self.preset]:
            raise UnknownTaskError(task, self.tasks)
        return task

    # --- which models ---------------------------------------------------------------------------

    def decide(
        self,
        request: RouteRequest,
        *,
        preset: str | None = None,
        choice: TaskChoice | None = None,
        situation: Situation = CALM,
    ) -> Decision:
        """Return the models that can serve `request`, best first, and why.

        Args:
            preset: the preset to use instead of the active one.
            choice: the task, where a classifier that needs a model has already said it.
            situation: the live signals of the models and what budgets leave.

        Raises:
            UnknownTaskError, UnknownModelError, AmbiguousModelError, UnknownPresetError: a name is unknown.
            NoEligibleModelError: no model can serve the request; it says why for each.
        """
        choice = self.choose_task(request) if choice is None else choice
        preset = self.preset if preset is None else preset
        sticky_model, outlook = situation.sticky_model, situation.outlook
        if situation.budget_left_usd is None and (
            settled := self.settled(request, choice, preset, sticky_model, outlook)
        ):
            return settled
        line = self._line(request, choice, preset)
        settings = self.tasks.get(choice.task, _PLAIN_TASK)
        ceiling_usd = self._ceiling_usd(request)
        signals_of = situation.signals
        candidates: list[Candidate] = []
        refused: dict[str, str] = {}
        for candidate in line:
            signals = signals_of(candidate.model.key)
            reason = refusal(candidate.model, request, settings, signals, ceiling_usd=ceiling_usd)
            if reason is not None:
                refused[candidate.model.key] = reason
            elif signals is QUIET:
                candidates.append(candidate)
            else:
                candidates.append(Candidate(candidate.model, candidate.position, signals, candidate.is_fallback))
        if not candidates:
            raise NoEligibleModelError(choice.task, refused)
        decision = self._ranked(request, candidates, refused, choice, preset, situation)
        if situation.budget_left_usd is None:
            kind = self._kind(request, choice, preset, sticky_model, outlook)
            window = min(candidate.model.context_window or inf for candidate in line)
            is_roomy = request.input_tokens + request.output_tokens <= window
            if kind is not None and is_roomy and len(self._settled) < _MEMO_LIMIT:
                self._settled[kind] = Settled(decision, window)
        return decision

    def settled(
        self, request: RouteRequest, choice: TaskChoice, preset: str, sticky_model: str | None, outlook: Hashable
    ) -> Decision | None:
        """Return the decision where one for the same kind of request holds still; None where one has to be made.

        It says of the task what this choice says.

        Args:
            sticky_model, outlook: as in a `Situation`.
        """
        kind = self._kind(request, choice, preset, sticky_model, outlook)
        known = None if kind is None else self._settled.get(kind)
        if known is None or request.input_tokens + request.output_tokens > known.window:
            return None
        decision, notes = known.decision, (choice.note,) if choice.note else ()
        if (decision.confidence, decision.difficulty, decision.notes) == (choice.confidence, choice.difficulty, notes):
            return decision
        return replace(decision, confidence=choice.confidence, difficulty=choice.difficulty, notes=notes)

    def _kind(
        self, request: RouteRequest, choice: TaskChoice, preset: str, sticky_model: str | None, outlook: Hashable
    ) -> Hashable:
        """Return all that a decision depends on but the request's size; None where it depends on more than that."""
        if not self._is_steady or outlook is None or request.max_cost_usd is not None:
            return None
        forced = (request.model, request.fallback, request.among)
        kept = (sticky_model, request.loop is None)
        return choice.task, choice.source, choice.model, preset, request.needs, request.tags, forced, kept, outlook

    def models_of(self, task: str | None = None, *, preset: str | None = None) -> tuple[ModelInfo, ...]:
        """Return the models that a preset names for `task`, or for all its tasks; fallbacks are not counted.

        Raises:
            UnknownPresetError: there is no preset of that name.
        """
        named = self._preset_named(self.preset if preset is None else preset)
        if task is not None:
            return tuple(self._models_for(task, named))
        keys = dict.fromkeys(key for keys in named.values() for key in keys)
        return tuple(self.registry.resolve(key) for key in keys)

    def _line(self, request: RouteRequest, choice: TaskChoice, preset: str) -> tuple[Candidate, ...]:
        """Return the candidates in line: the forced model, or the preset's models and their fallbacks."""
        if request.model is not None:
            forced = self.registry.resolve(request.model)
            return self._in_line((forced,)) if request.fallback else (Candidate(forced),)
        if request.among:
            return tuple([Candidate(self.registry.resolve(name), i) for i, name in enumerate(request.among)])
        if choice.model is not None:
            return self._in_line((self.registry.resolve(choice.model),))
        first = self._models_for(choice.task, self._preset_named(preset))
        if self._splits:
            first = split(first, self.registry, self._splits, request.draw)
        return self._in_line(first)

    def _in_line(self, first: tuple[ModelInfo, ...]) -> tuple[Candidate, ...]:
        memo = tuple([model.key for model in first])
        line = self._chains.get(memo)
        if line is None:
            models = chain(first, self.registry, self.fallback)
            line = tuple(
                Candidate(model, position, is_fallback=position >= len(first)) for position, model in enumerate(models)
            )
            if len(self._chains) < _MEMO_LIMIT:
                self._chains[memo] = line
        return line

    def _models_for(self, task: str, preset: Mapping[str, tuple[str, ...]]) -> tuple[ModelInfo, ...]:
        """Return the preset's models of `task`, else of `default`, else those of the size that the task needs."""
        keys = preset.get(task) or preset.get("default")
        if keys:
            return tuple([self.registry.resolve(key) for key in keys])
        return of_size(self.tasks.get(task, _PLAIN_TASK).size, self.registry)

    def _preset_named(self, name: str) -> Mapping[str, tuple[str, ...]]:
        try:
            return self.presets[name]
        except KeyError:
            raise UnknownPresetError(name, self.presets) from None

    def _ceiling_usd(self, request: RouteRequest) -> Decimal | None:
        ceilings = [usd for usd in (request.max_cost_usd, self.routing.max_cost_usd) if usd is not None]
        return min(ceilings) if ceilings else None

    def _ranked(
        self,
        request: RouteRequest,
        candidates: list[Candidate],
        refused: dict[str, str],
        choice: TaskChoice,
        preset: str,
        situation: Situation,
    ) -> Decision:
        decision = self._strategy(request, candidates)
        ranked, reason = self._corrected(request, decision, candidates, situation)
        if choice.model is not None and ranked[0].key == self.registry.resolve(choice.model).key:
            reason = f"{choice.source} sets {ranked[0].key}"
        elif request.model is not None and len(candidates) == 1:
            reason = f"the call forces {ranked[0].key}"
        return Decision(
            ranked=ranked,
            strategy=decision.strategy,
            reason=reason,
            task=choice.task,
            task_source=choice.source,
            confidence=choice.confidence,
            preset=preset,
            refused={**refused, **decision.refused} if decision.refused else refused,
            difficulty=choice.difficulty,
            notes=(choice.note,) if choice.note else (),
        )

    def _corrected(
        self, request: RouteRequest, decision: Decision, candidates: list[Candidate], situation: Situation
    ) -> tuple[tuple[ModelInfo, ...], str]:
        """Return the strategy's ranking after what goes above any strategy: budgets, stickiness, rest, saturation."""
        ranked, reason = decision.ranked, decision.reason
        if (left := situation.budget_left_usd) is not None:
            ranked = tuple(sorted(ranked, key=_unit_price))
            reason = f"{ranked[0].key} is the cheapest that is able, since a budget has ${left:.4f} left"
        elif (sticky := situation.sticky_model) is not None and sticky != ranked[0].key:
            stay = [model for model in ranked if model.key == sticky]
            if stay:
                ranked = (*stay, *(model for model in ranked if model.key != sticky))
                reason = f"the {'tool loop' if request.loop else 'thread'} stays on {sticky}"
        tired = {c.model.key for c in candidates if c.signals is not QUIET and self._is_tired(c.signals)}
        if tired and ranked[0].key in tired:
            ranked = tuple(sorted(ranked, key=lambda model: model.key in tired))
            if ranked[0].key not in tired:
                reason = f"{ranked[0].key} stands in for {decision.ranked[0].key}, which is resting or saturated"
        elif tired:
            ranked = tuple(sorted(ranked, key=lambda model: model.key in tired))
        return ranked, reason

    def _is_tired(self, signals: Signals) -> bool:
        saturation = self.routing.saturation
        return signals.resting_s > 0 or (saturation is not None and signals.in_flight >= saturation)


def _unit_price(model: ModelInfo) -> Decimal:
    price = model.cost_usd(1000, 1000)
    return Decimal("Infinity") if price is None else price
