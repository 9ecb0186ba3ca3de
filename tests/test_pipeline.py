import json
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.errors import InvalidOptionError, UnknownModelError, UnknownPresetError, UnknownTaskError
from langchain_modelrouter.graph_budget import GraphBudget
from langchain_modelrouter.pipeline import Pipeline, PipelineStep, filled, keys_of
from tests.doors import DOORS, Door, scripted

STEPS = [
    PipelineStep("facts", "What is {topic}?", task="fast", output_key="found"),
    PipelineStep("summary", "Sum up {found} about {topic}", model="deep-model", system="Be brief."),
]


def models(*replies: str) -> dict[str, Any]:
    fast, deep = scripted(*(replies or ["it is {wet}"]), name="fast-model"), scripted("in short", name="deep-model")
    return {"fast": fast, "deep": deep}


def pipeline(steps: Any = STEPS, *, inputs: Any = ("topic",), **options: Any) -> Pipeline:
    return Pipeline(RouterChatModel.from_models(models(), classifier="none"), steps, inputs=inputs, **options)


@pytest.mark.parametrize("door", DOORS)
async def test_each_step_sees_the_answers_before_it(door: Door) -> None:
    made = models()
    steps = Pipeline(RouterChatModel.from_models(made, classifier="none"), STEPS, inputs=["topic"])
    state = await door(steps, {"topic": "rain {x} {0}"})
    assert (state["found"], state["summary"]) == ("it is {wet}", "in short")
    assert [(step["name"], step["model"]) for step in state["steps"]] == [
        ("facts", "fast-model"),
        ("summary", "deep-model"),
    ]
    assert made["fast"].requests[0].messages[0].content == "What is rain {x} {0}?"
    system, prompt = made["deep"].requests[0].messages
    assert (system.content, prompt.content) == ("Be brief.", "Sum up it is {wet} about rain {x} {0}")


def test_a_single_input_may_be_a_string_and_it_stands_in_a_chain() -> None:
    chain = RunnableLambda(str.upper) | pipeline()
    assert chain.invoke("rain")["topic"] == "RAIN"


@pytest.mark.parametrize(("given", "said"), [({}, "lacks topic"), (7, "int")])
def test_an_input_that_lacks_something_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        pipeline().invoke(given)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{topc}", "gives 'topc'. Did you mean 'topic'"),
        ("{summary}", "gives 'summary'"),
        ("{topic.__class__}", "no plain key"),
        ("{topic[0]}", "no plain key"),
        ("{topic!r}", "no plain key"),
        ("{topic:>9}", "no plain key"),
        ("{}", "no plain key"),
        ("{topic", "expected '}'"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused_when_built(template: str, said: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"steps\[0\] 'facts'") as caught:
        pipeline([PipelineStep("facts", template), PipelineStep("summary", "{facts}")])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [PipelineStep("a", "x"), PipelineStep("a", "y", output_key="b")],
        [PipelineStep("topic", "x")],
        [PipelineStep("a", "x", output_key="cost_usd")],
    ],
)
def test_steps_that_clash_are_refused_when_built(steps: list[PipelineStep]) -> None:
    with pytest.raises(InvalidOptionError):
        pipeline(steps)


def test_unknown_tasks_models_and_presets_are_refused_when_built() -> None:
    with pytest.raises(UnknownTaskError):
        pipeline([PipelineStep("a", "x", task="fsat")])
    with pytest.raises(UnknownModelError):
        pipeline([PipelineStep("a", "x", model="no-such")])
    with pytest.raises(UnknownPresetError):
        pipeline(budget=GraphBudget(1.0, preset="no-such"))


def test_templates_keep_braces() -> None:
    template = '{{"key": {value}}} and {value}'
    assert keys_of(template) == ("value",)
    assert filled(template, {"value": "{value}", "other": 1}) == '{"key": {value}} and {value}'


def test_it_compiles_to_a_graph_that_goes_on_where_it_stopped() -> None:
    graph = pipeline().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    first = graph.invoke({"topic": "rain"}, config, interrupt_after=["facts"])
    assert "summary" not in first
    assert graph.invoke(None, config)["summary"] == "in short"
    assert set(pipeline().get_graph().nodes) == {"__start__", "facts", "summary", "__end__"}


def test_it_streams_step_by_step_and_works_as_a_subgraph() -> None:
    assert [*map(list, pipeline().stream("rain", stream_mode="updates"))] == [["facts"], ["summary"]]

    class Outer(TypedDict, total=False):
        topic: str
        summary: str

    outer = StateGraph(Outer).add_node("steps", pipeline().graph).add_edge(START, "steps").compile()
    assert outer.invoke({"topic": "rain"}) == {"topic": "rain", "summary": "in short"}


def test_costs_add_up_over_the_steps(served: Any) -> None:
    steps = [
        PipelineStep("a", "Write about {input}", task="data_collection"),
        PipelineStep("b", "Plan {a}", task="strategy_generation"),
    ]
    state = Pipeline(RouterChatModel(served[1]), steps).invoke("tides")
    assert [step["model"] for step in state["steps"]] == ["sambanova-llama-8b", "nebius-llama-405b"]
    assert state["cost_usd"] == pytest.approx(sum(step["cost_usd"] for step in state["steps"]), abs=1e-12)
    assert json.loads(json.dumps(state)) == state


def test_a_budget_downgrades_the_steps_that_come_after_it_is_spent(served: Any) -> None:
    steps = [PipelineStep(name, "Plan {input}", model="nebius-llama-405b") for name in "abc"]
    budget = GraphBudget(0.00001, preset="nebius_balanced", per="run")
    state = Pipeline(RouterChatModel(served[1]), steps, budget=budget).invoke("tides")
    assert [step["model"] for step in state["steps"]] == ["nebius-llama-405b", "nebius-llama-8b", "nebius-llama-8b"]
