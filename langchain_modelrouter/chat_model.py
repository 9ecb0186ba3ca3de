"""`RouterChatModel`: one chat model that sends each call to the model that fits it.

Its doors (`invoke`, `ainvoke`, `stream`, `astream` and those above them) share one decision and one plan; each
is a few lines that open the call's chain run, drive the plan and sign the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Self, cast

from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.chain_run import AsyncChainRun, ChainRun
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.deferred import DeferredBinding
from langchain_modelrouter.dispatch import drive
from langchain_modelrouter.dispatch.call import UNDECIDED, RoutedCall
from langchain_modelrouter.dispatch.caller import caller_of
from langchain_modelrouter.dispatch.closing import closing_early
from langchain_modelrouter.dispatch.ledger import Ledger, LedgerRow
from langchain_modelrouter.dispatch.messages import as_message
from langchain_modelrouter.dispatch.model_health import ModelHealth
from langchain_modelrouter.dispatch.perform import Performer
from langchain_modelrouter.dispatch.structured import Method
from langchain_modelrouter.dispatch.timers import outer_deadline_at
from langchain_modelrouter.engine import Engine, PlanMaker, Snapshot, new_call_id
from langchain_modelrouter.errors import AllModelsFailedError, UnknownOptionError, UnknownTaskError
from langchain_modelrouter.opening import checked_picklable, open_engine, reopened, tasks_of_models
from langchain_modelrouter.options import take_options
from langchain_modelrouter.profiles import common_profile
from langchain_modelrouter.report import By, Report, report
from langchain_modelrouter.routing.decision import Decision
from langchain_modelrouter.routing.router import TaskChoice
from langchain_modelrouter.telemetry.decisions import log_decision

_FORWARDED = ("temperature", "max_tokens")
_FOR_CLIENTS = ("streaming", "cache", "output_version", "rate_limiter")
_ENGINE_FIELDS = ("clients", "classifier", "timeout", "api_key", *_FOR_CLIENTS)
"""Fields that the engine is made from, besides the configuration."""


class RouterChatModel(DeferredBinding):
    """A chat model that routes each call, falls back across providers and says what it cost.

    Args of a call, as keywords or in `config["configurable"]`: `task`, `model` (forces one; falls back only with
    `fallback=True`), `preset`, `route_tags`, `max_cost_usd`, `deadline_s`. Everything else goes to the model.

    The reply's `response_metadata["model_router"]` says what was chosen, why, and what every attempt cost.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", use_attribute_docstrings=True)

    config: RouterConfig | Path | None = Field(default=None, repr=False)
    """The configuration, or its file; None: $MODELROUTER_CONFIG, ./modelrouter.yaml, the built-in one."""
    preset: str | None = None
    """Overrides the file's preset."""
    task: str | None = None
    """The task of every call that names none."""
    clients: Mapping[str, BaseChatModel] | None = Field(default=None, exclude=True, repr=False)
    """Model key to the client to call, instead of building ChatOpenAI."""
    classifier: Any = Field(default=None, exclude=True, repr=False)
    """A `Classifier` that replaces the configured one."""
    among: tuple[str, ...] | None = None
    """Models to choose among, in this order, instead of the preset's."""
    dispatch: PlanMaker | None = Field(default=None, exclude=True, repr=False)
    """How the chosen models are asked; by default one after the other. `parallel` has others."""
    config_prefix: str | None = None
    """With `router`, the `configurable` keys are `router_task`, `router_model` ..."""
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    timeout: float | None = None
    """Seconds for one attempt, instead of the providers' `timeout_s`."""
    max_retries: int | None = None
    """Retries of the same model: `retry.same_model`."""
    streaming: bool | None = None
    """Let `invoke` stream from the clients that we build."""
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """Only where the configuration has one provider: a key never goes to another one's host."""
    engine: Engine = Field(default=None, exclude=True, repr=False, validate_default=False)  # type: ignore[assignment]
    """The live half, shared by all views of this router."""

    _profiled: RouterConfig | None = PrivateAttr(default=None)
    _has_own_profile: bool = PrivateAttr(default=False)

    _lc_aliases: ClassVar[Mapping[str, str]] = {
        "stop_sequences": "stop",
        "request_timeout": "timeout",
        "max_completion_tokens": "max_tokens",
    }

    def __init__(self, config: RouterConfig | Path | str | Mapping[str, Any] | None = None, **options: Any) -> None:
        """Make a router.

        Args:
            config: a configuration, the path of its file, or a mapping of the file's structure.
            options: the fields of this class, and the standard ones of a chat model.

        Raises:
            ConfigError: the configuration cannot be used; it lists all faults.
            UnknownOptionError: an option is misspelt.
            UnknownPresetError: there is no preset of that name.
        """
        for alias, name in self._lc_aliases.items():
            if alias in options:
                options[name] = options.pop(alias)
        for name in options:
            if name not in type(self).model_fields:
                raise UnknownOptionError(name, set(type(self).model_fields) - {"engine"})
        if isinstance(config, str):
            config = Path(config)
        elif isinstance(config, Mapping):
            config = RouterConfig.model_validate(config)
        if options.get("engine") is None:
            given = {name: options.get(name) for name in _ENGINE_FIELDS}
            options["engine"] = open_engine(config, **given)
        super().__init__(**{**options, "config": config})
        self._has_own_profile = options.get("profile") is not None
        self._profiled = options["engine"].snapshot.config
        if self.preset is not None:
            self.engine.snapshot.router.models_of(preset=self.preset)

    # --- views of one router --------------------------------------------------------------------

    @classmethod
    def from_models(
        cls,
        models: Mapping[str, BaseChatModel | Sequence[BaseChatModel]],
        *,
        default: str | None = None,
        classifier: str | BaseChatModel | Callable[..., str | None] | None = "local",
        **options: Any,
    ) -> Self:
        """Return a router over chat models that exist, without a file.

        Args:
            models: task to its model, or to several in the order in which they are tried.
            default: the task of calls that nothing else assigns; by default the first.
            classifier: a name (`local`, `complexity`, `rules`, `none`), a chat model that is asked for one word,
                or a callable from a `RouteRequest` to a task or None.
            options: as for the class.
        """
        config, clients, chosen = tasks_of_models(models, default, classifier)
        return cls(config, clients=clients, classifier=chosen, **options)

    def for_task(self, task: str) -> Self:
        """Return a view of this router with the task fixed; health, ledger and clients are shared.

        Raises:
            UnknownTaskError: the task is not defined.
        """
        snapshot = self.engine.snapshot
        named = snapshot.router.presets[self.preset or snapshot.router.preset]
        if task not in snapshot.config.tasks and task not in named:
            raise UnknownTaskError(task, snapshot.config.tasks)
        return self._view(task=task)

    def with_preset(self, preset: str) -> Self:
        """Return a view of this router with another preset; health, ledger and clients are shared.

        Raises:
            UnknownPresetError: there is no preset of that name.
        """
        self.engine.snapshot.router.models_of(preset=preset)
        return self._view(preset=preset)

    def _view(self, **changes: Any) -> Self:
        view = self.model_copy(update=changes)
        view._follow_profile(view.engine.snapshot)
        return view

    @property
    def registry(self) -> Any:
        """All models of the configuration in force, by key."""
        return self.engine.snapshot.config.registry

    @property
    def ledger(self) -> Ledger:
        """The record of every attempt: `router.ledger.rows()`. It is shared by all views of this router."""
        return self.engine.snapshot.live.ledger

    def listen(self, listener: Callable[[LedgerRow], None]) -> None:
        """Have `listener` called with the row of each attempt when it is over, by the thread that made it.

        It should be quick; its errors are logged. All views of this router are listened to.
        """
        self.engine.snapshot.live.listeners.append(listener)

    def report(self, by: By = "task", *, baseline: str | None = None, since: datetime | None = None) -> Report:
        """Return what the ledger adds up to: calls, tokens, cost, saving, rates, latencies. It may read a file.

        Args:
            by: `task`, `model`, `provider` or `day`.
            baseline: the model to compare with; by default `nebius-llama-405b`.
            since: only attempts from this moment on.

        Raises:
            InvalidOptionError, UnknownModelError: see `report.report`.
        """
        return report(self.ledger.rows(since), self.engine.snapshot.config, by=by, baseline=baseline)

    def health(self) -> Mapping[str, ModelHealth]:
        """Return a frozen view of each model's health."""
        return self.engine.health()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what the router was made from; keys and live state stay, and it opens anew where it is read."""
        kept = self.model_fields_set - {"engine", "api_key", "profile"}
        options = {name: getattr(self, name) for name in kept}
        return reopened, (type(self), checked_picklable(options))

    # --- deciding -------------------------------------------------------------------------------

    def decide(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Decision:
        """Return what `invoke` with the same arguments would do. No model is called.

        Raises:
            ModelRouterError: as `invoke` raises when it decides.
        """
        kwargs.pop("stop", None)
        return self._prepare(self._messages(input), ensure_config(config), None, kwargs, asks=False)[0].decision

    def _messages(self, input: LanguageModelInput) -> list[BaseMessage]:
        return [HumanMessage(input)] if isinstance(input, str) else self._convert_input(input).to_messages()

    def _prepare(
        self,
        messages: list[BaseMessage],
        config: RunnableConfig,
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        asks: bool = True,
    ) -> tuple[RoutedCall, Snapshot]:
        """Return the call and the snapshot that it keeps to; decided, unless a model must be asked for the task."""
        engine = self.engine
        snapshot = engine.snapshot
        started = perf_counter()
        if engine.follows_a_file and snapshot.config is not self._profiled:
            self._follow_profile(snapshot)
        configurable = config.get("configurable") or {}
        options = take_options(kwargs, configurable, self.config_prefix)
        if options.task is None and self.task is not None and options.model is None:
            options = replace(options, task=self.task)
        caller = caller_of(config)
        given: dict[str, Any] = {}
        if self.temperature is not None:
            given["temperature"] = self.temperature
        if self.max_tokens is not None:
            given["max_tokens"] = self.max_tokens
        for name in (*_FORWARDED, "max_completion_tokens") if kwargs else ():
            if (value := kwargs.pop(name, None)) is not None:
                given[self._lc_aliases.get(name, name)] = value
        request = engine.request(
            snapshot,
            messages,
            kwargs,
            options,
            metadata=config.get("metadata") or {},
            thread_id=caller.thread_id,
            max_tokens=given.get("max_tokens"),
            among=self.among or (),
        )
        preset = options.preset or self.preset
        limits = snapshot.config.limits
        deadline_s = limits.deadline_s if options.deadline_s is None else options.deadline_s
        now, outer_at = snapshot.live.clock(), outer_deadline_at.get()
        if deadline_s is None or now + deadline_s > outer_at:
            deadline_s = None if outer_at == inf else max(0.0, outer_at - now)
        tags = tuple(sorted(options.route_tags)) if options.route_tags else ()
        call = RoutedCall(
            call_id=new_call_id(),
            decision=UNDECIDED,
            decision_ms=0.0,
            messages=messages,
            kwargs=kwargs,
            settings=given,
            stop=self.stop if stop is None else stop,
            config=config,
            limits=limits,
            deadline_s=deadline_s,
            deadline_at=inf if deadline_s is None else now + deadline_s,
            caller=caller,
            tags=tags,
            expected_tokens=(request.input_tokens, request.output_tokens),
            budget=engine.budget(snapshot, caller, tags, config),
            overrides=snapshot.overrides,
        )

        def settle(choice: TaskChoice) -> None:
            call.decision = engine.decide(snapshot, request, choice, preset, call.budget)
            call.settings = engine.settings(snapshot, choice.task, given)
            call.decision_ms = (perf_counter() - started) * 1000
            log_decision(call.call_id, request, call.decision, call.decision_ms)

        choice = engine.stated_task(snapshot, request)
        if choice is None and not asks:
            choice = engine.task_without_asking(snapshot, request)
        if choice is None:
            call.request, call.settle = request, settle
        else:
            settle(choice)
        return call, snapshot

    # --- the four doors -------------------------------------------------------------------------

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the answer of the first model in line that gives one.

        Raises:
            NoEligibleModelError: no model can serve the request; it says why for each.
            AllModelsFailedError: all that were tried failed; it has one entry per attempt.
            DeadlineExceededError: the deadline was over before a model could be asked.
            Exception: an error that no other model can mend, as the model raised it.
        """
        config, messages = ensure_config(config), self._messages(input)
        run = ChainRun.start(self, config, messages)
        call: RoutedCall | None = None
        try:
            call, snapshot = self._prepare(messages, config, stop, kwargs)
            call.config = run.child(config)
            performer = Performer(call, snapshot.live)
            plan = self.engine.plan(snapshot, call, self.max_retries, self.dispatch, hedges=True)
            answer = drive.run(plan, performer.perform)
            message = call.signed(answer)
            self.engine.served(call)
        except BaseException as error:
            self._complete(error, call)
            run.failed(error)
            raise
        run.ended(message)
        return message

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the answer of the first model in line that gives one; see `invoke`."""
        config, messages = ensure_config(config), self._messages(input)
        run = await AsyncChainRun.start(self, config, messages)
        call: RoutedCall | None = None
        try:
            if not self.engine.is_warm:
                await asyncio.to_thread(self.engine.warm_up)
            call, snapshot = self._prepare(messages, config, stop, kwargs)
            call.config = run.child(config)
            performer = Performer(call, snapshot.live)
            plan = self.engine.plan(snapshot, call, self.max_retries, self.dispatch, hedges=True)
            answer = await drive.arun(plan, performer.aperform)
            message = call.signed(answer)
            self.engine.served(call)
        except BaseException as error:
            self._complete(error, call)
            await run.failed(error)
            raise
        await run.ended(message)
        return message

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Yield the answer's chunks as they come; before the first content a failure falls back unseen.

        Raises:
            StreamInterruptedError: the stream broke off after its first content; nothing is replayed.
            ModelRouterError: otherwise as `invoke`.
        """
        if self._streaming_disabled(**kwargs):
            yield cast(AIMessageChunk, self.invoke(input, config, stop=stop, **kwargs))
            return
        config, messages = ensure_config(config), self._messages(input)
        run = ChainRun.start(self, config, messages)
        call: RoutedCall | None = None
        seen: list[AIMessageChunk] = []
        try:
            call, snapshot = self._prepare(messages, config, stop, kwargs)
            call.config = run.child(config)
            performer = Performer(call, snapshot.live)
            plan = self.engine.plan(snapshot, call, self.max_retries, self.dispatch)
            with closing(drive.stream(plan, performer.perform, performer.open, call.signed)) as chunks:
                for chunk in chunks:
                    seen.append(chunk)
                    yield chunk
            self.engine.served(call)
        except BaseException as error:
            self._complete(error, call)
            run.failed(error)
            raise
        run.ended(_whole(seen))

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Yield the answer's chunks as they come; see `stream`."""
        if self._streaming_disabled(**kwargs):
            yield cast(AIMessageChunk, await self.ainvoke(input, config, stop=stop, **kwargs))
            return
        config, messages = ensure_config(config), self._messages(input)
        run = await AsyncChainRun.start(self, config, messages)
        call: RoutedCall | None = None
        seen: list[AIMessageChunk] = []
        try:
            if not self.engine.is_warm:
                await asyncio.to_thread(self.engine.warm_up)
            call, snapshot = self._prepare(messages, config, stop, kwargs)
            call.config = run.child(config)
            performer = Performer(call, snapshot.live)
            plan = self.engine.plan(snapshot, call, self.max_retries, self.dispatch)
            stream = drive.astream(plan, performer.aperform, performer.aopen, call.signed)
            async with closing_early(stream) as chunks:
                async for chunk in chunks:
                    seen.append(chunk)
                    yield chunk
            self.engine.served(call)
        except BaseException as error:
            self._complete(error, call)
            await run.failed(error)
            raise
        await run.ended(_whole(seen))

    def _complete(self, error: BaseException, call: RoutedCall | None) -> None:
        """Tell a final error of all attempts, and when it is worth trying again."""
        if call is None:
            return
        attempts = [attempt.to_dict() for attempt in call.attempts]
        if isinstance(error, AllModelsFailedError):
            error.attempts = tuple(attempts)
            health = self.engine.snapshot.live.health
            error.retry_after_s = health.retry_after_s([model.key for model in call.decision.ranked])
        elif isinstance(error, Exception) and len(attempts) > 1:
            error.add_note("attempts: " + "; ".join(f"{one['model']}: {one['error'] or 'ok'}" for one in attempts))

    def _default_method(self) -> Method:
        if (self.profile or {}).get("structured_output"):
            return "json_schema"
        models = self._reachable(self.engine.snapshot)
        return "function_calling" if all("tools" in model.capabilities for model in models) else "json_mode"

    # --- the rest of a chat model ----------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "model-router"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        snapshot = self.engine.snapshot
        return {"preset": self.preset or snapshot.config.preset, "task": self.task}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(
            ls_provider="modelrouter",
            ls_model_name=kwargs.get("model") or self.preset or self.engine.snapshot.config.preset or "modelrouter",
            ls_model_type="chat",
        )
        temperature, max_tokens = (kwargs.get(name, getattr(self, name)) for name in _FORWARDED)
        if temperature is not None:
            params["ls_temperature"] = temperature
        if max_tokens is not None:
            params["ls_max_tokens"] = max_tokens
        if stop or self.stop:
            params["ls_stop"] = stop or self.stop
        return params

    def _resolve_model_profile(self) -> ModelProfile | None:
        snapshot = self.engine.snapshot
        return common_profile(self._reachable(snapshot), snapshot.live.clients.handed_in)

    def _follow_profile(self, snapshot: Snapshot) -> None:
        """Let the profile be that of the configuration in force, unless one was given."""
        self._profiled = snapshot.config
        if not self._has_own_profile:
            self.profile = self._resolve_model_profile()

    def _reachable(self, snapshot: Snapshot) -> Sequence[ModelInfo]:
        """Return the models that this router chooses among."""
        if self.among:
            return [snapshot.router.registry.resolve(name) for name in self.among]
        return snapshot.router.models_of(self.task, preset=self.preset)

    def _first_client(self) -> BaseChatModel | None:
        """Return the client that counts tokens: the preset's first, where it was handed in."""
        snapshot = self.engine.snapshot
        models = self._reachable(snapshot)
        return snapshot.live.clients.handed_in.get(models[0].key) if models else None

    def get_num_tokens(self, text: str) -> int:
        """Return the tokens of `text`: as the first model counts where it was handed in, else approximately."""
        client = self._first_client()
        return count_tokens_approximately([("human", text)]) if client is None else client.get_num_tokens(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Return the tokens of `messages`: as the first model counts where it was handed in, else approximately."""
        client = self._first_client()
        if client is None:
            return count_tokens_approximately(messages)
        return client.get_num_tokens_from_messages(messages, tools=tools)


def _whole(chunks: list[AIMessageChunk]) -> AIMessage | None:
    """Return the chunks of a stream as one message, for the chain run's output."""
    if not chunks:
        return None
    first, *rest = chunks
    return as_message(first if not rest else first.__add__(rest))
