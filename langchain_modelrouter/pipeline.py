"""Steps that build on each other, each a prompt to the model that fits it: a Runnable that compiles to a graph.

pipeline = Pipeline(
    RouterChatModel(),
    [
        PipelineStep("facts", "List what is known about {topic}.", task="data_collection"),
        PipelineStep("summary", "Sum up in three bullets: {facts}", task="summarization"),
    ],
    inputs=["topic"],
)
pipeline.invoke({"topic": "tidal power"})["summary"]
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from string import Formatter
from typing import Annotated, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.graph import Graph
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, nearest
from langchain_modelrouter.graph_budget import GraphBudget, Held, SpendingState, usd_of

_OWN_KEYS = frozenset({*SpendingState.__annotations__, "steps"})
"""Keys of the state that the pipeline keeps for itself."""


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """One prompt and where its answer goes."""

    name: str
    prompt_template: str
    """Text with `{key}` for inputs and earlier answers; `{{` and `}}` stand for braces. Data is put in as it is."""
    task: str | None = None
    """By default the router classifies the prompt."""
    model: str | None = None
    """A model to use whatever the task says."""
    output_key: str = ""
    """By default the name."""
    system: str = ""
    """A system message that goes before the prompt, as it is."""

    @property
    def key(self) -> str:
        """The key under which the answer is found."""
        return self.output_key or self.name


class PipelineState(SpendingState, total=False):
    """What the state of a pipeline has beside its inputs and answers."""

    steps: Annotated[list[dict[str, Any]], add]
    """Per step its name, the model that answered and what it cost."""


class Pipeline(Runnable[Any, dict[str, Any]]):
    """A sequence of steps. Takes a mapping of its inputs, or a string where it has one; returns inputs and answers.

    `compile` gives the graph, for a checkpointer, for streaming and as a subgraph.
    """

    def __init__(
        self,
        router: RouterChatModel,
        steps: Sequence[PipelineStep],
        *,
        inputs: Sequence[str] = ("input",),
        budget: GraphBudget | None = None,
        name: str = "pipeline",
    ) -> None:
        """Check the steps.

        Raises:
            InvalidOptionError: there is no step, a name or key occurs twice, or a template cannot be filled in.
            UnknownTaskError: a step has a task that the router does not know.
            UnknownModelError: a step has a model that the router does not know.
            UnknownPresetError: the budget names a preset that the router does not have.
        """
        self.router, self.steps, self.inputs, self.budget = router, tuple(steps), tuple(inputs), budget
        self.name = name
        _check(self.steps, self.inputs)
        for step in self.steps:
            if step.task is not None:
                router.for_task(step.task)
            if step.model is not None:
                router.registry.resolve(step.model)
        if budget is not None:
            router.with_preset(budget.preset)
        self.graph = self.compile()

    def compile(self, *, checkpointer: Any = None, store: Any = None) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Return the graph: one node per step, named like it."""
        given = dict.fromkeys(self.inputs, Any)
        state = {**PipelineState.__annotations__, **given, **dict.fromkeys((step.key for step in self.steps), Any)}
        builder = StateGraph(_typed_dict("State", state), input_schema=_typed_dict("Input", given))
        before = START
        for step in self.steps:
            builder.add_node(step.name, self._node(step, is_first=before == START))
            builder.add_edge(before, step.name)
            before = step.name
        return builder.compile(checkpointer=checkpointer, store=store, name=self.name)

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """Return the inputs and the answer of each step, and what the steps cost."""
        answers: dict[str, Any] = self.graph.invoke(self._taken(input), config, **kwargs)
        return answers

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """Return the inputs and the answer of each step, and what the steps cost."""
        answers: dict[str, Any] = await self.graph.ainvoke(self._taken(input), config, **kwargs)
        return answers

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """Yield the state after each step, or what the graph streams in another `stream_mode`."""
        return self.graph.stream(self._taken(input), config, **{"stream_mode": "values", **kwargs})

    def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:
        """Yield the state after each step, or what the graph streams in another `stream_mode`."""
        return self.graph.astream(self._taken(input), config, **{"stream_mode": "values", **kwargs})

    def get_graph(self, config: RunnableConfig | None = None) -> Graph:
        """Return the drawable graph."""
        return self.graph.get_graph(config)

    def _taken(self, given: Any) -> dict[str, Any]:
        """Return the inputs as a mapping that has them all."""
        if isinstance(given, str) and len(self.inputs) == 1:
            return {self.inputs[0]: given}
        if not isinstance(given, Mapping):
            raise InvalidOptionError(
                "input", f"it is a {type(given).__name__}; give a mapping of {_listed(self.inputs)}"
            )
        if missing := [key for key in self.inputs if key not in given]:
            raise InvalidOptionError("input", f"it lacks {_listed(missing)}")
        return dict(given)

    def _node(self, step: PipelineStep, *, is_first: bool) -> Runnable[Any, dict[str, Any]]:
        named = {} if step.task is None else {"task": step.task}
        forced = {} if step.model is None else {"model": step.model}

        def answer(state: dict[str, Any]) -> Runnable[Any, dict[str, Any]]:
            begun = self.budget.begin(state) if self.budget is not None and is_first else {}
            held = self.budget.check({**state, **begun}) if self.budget is not None else Held({}, {})
            asked: list[BaseMessage] = [SystemMessage(step.system)] if step.system else []
            asked.append(HumanMessage(filled(step.prompt_template, state)))
            given: Runnable[Any, Any] = RunnableLambda(lambda _: asked, name="prompt")
            called = held.over(self.router.bind(**named, **({} if held.configurable else forced)))
            return given | called | (lambda reply: {**begun, **held.update, **_answered(step, reply)})

        return RunnableLambda(answer, name=step.name)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with its keys replaced; braces within the values stay braces."""
    pieces = ((text, key) for text, key, _, _ in Formatter().parse(template))
    return "".join(text + ("" if key is None else str(values[key])) for text, key in pieces)


def keys_of(template: str) -> tuple[str, ...]:
    """Return the keys of a template, each once.

    Raises:
        ValueError: a brace stands alone, or braces hold anything but a key.
    """
    keys = []
    for _, key, spec, conversion in Formatter().parse(template):
        if key is None:
            continue
        if not key.isidentifier() or spec or conversion:
            raise ValueError(f"{{{key}}} is no plain key; write {{{{ and }}}} for braces")
        keys.append(key)
    return tuple(dict.fromkeys(keys))


def _typed_dict(name: str, fields: Mapping[str, Any]) -> Any:
    make: Any = TypedDict
    return make(name, dict(fields), total=False)


def _answered(step: PipelineStep, reply: AIMessage) -> dict[str, Any]:
    said = reply.response_metadata.get("model_router", {})
    cost_usd = usd_of([reply])
    record = {"name": step.name, "task": said.get("task"), "model": said.get("model"), "cost_usd": cost_usd}
    return {step.key: str(reply.text), "steps": [record], "cost_usd": cost_usd}


def _check(steps: Sequence[PipelineStep], inputs: Sequence[str]) -> None:
    """Refuse what could only fail in mid-run."""
    if not steps:
        raise InvalidOptionError("steps", "give at least one")
    known = list(inputs)
    if taken := _OWN_KEYS & {*inputs, *(step.key for step in steps)}:
        raise InvalidOptionError("steps", f"{_listed(sorted(taken))} is a key of the pipeline itself; rename it")
    for number, step in enumerate(steps):
        where = f"steps[{number}] {step.name!r}"
        if step.name in [earlier.name for earlier in steps[:number]]:
            raise InvalidOptionError(where, "another step has that name")
        try:
            wanted = keys_of(step.prompt_template)
        except ValueError as error:
            raise InvalidOptionError(where, f"prompt_template: {error}") from None
        for key in wanted:
            if key not in known:
                near = nearest(key, known)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise InvalidOptionError(where, f"nothing before it gives {key!r}.{hint} There is {_listed(known)}")
        if step.key in known:
            raise InvalidOptionError(where, f"its output key {step.key!r} is taken; give it another `output_key`")
        known.append(step.key)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"
