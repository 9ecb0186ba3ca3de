import json

import pytest
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import HumanMessage

from graphs.seo.ask import Answered, ask
from graphs.seo.schemas import PageInsight
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.testing import Reply, ScriptedChatModel

TASK = "content_scraping"
GOOD = json.dumps({"topics": ["chains"], "intent": "commercial"})
BAD = json.dumps({"topics": [], "intent": "buy {now}"})


async def asked(*script: Reply) -> tuple[Answered[PageInsight], ScriptedChatModel]:
    model = ScriptedChatModel(script)
    router = RouterChatModel.from_models({TASK: model})
    return await ask(router.for_task(TASK), [HumanMessage("x")], PageInsight, task=TASK), model


async def test_a_good_answer_is_one_call() -> None:
    answer, model = await asked(GOOD)
    assert answer.value == PageInsight(topics=["chains"], intent="commercial")
    assert (answer.error, len(answer.calls), model.calls) == ("", 1, 1)
    assert answer.calls[0]["attempts"][0]["outcome"] == "ok"


@pytest.mark.parametrize("first", ["no json at all", BAD, "[1]", '{"topics": ["a"]'])
async def test_an_answer_that_does_not_fit_is_repaired_once(first: str) -> None:
    answer, model = await asked(first, GOOD)
    assert answer.value is not None
    assert (len(answer.calls), model.calls) == (2, 2)
    assert "does not fit the schema" in model.requests[1].messages[-1].text


async def test_the_repair_names_the_faults() -> None:
    _, model = await asked(BAD, GOOD)
    assert "topics: List should have at least 1 item" in model.requests[1].messages[-1].text
    assert "buy {now}" not in model.requests[1].messages[-1].text


async def test_a_second_misfit_is_reported() -> None:
    answer, model = await asked(BAD, BAD)
    assert answer.value is None
    assert "does not fit the schema, twice: topics" in answer.error
    assert (len(answer.calls), model.calls) == (2, 2)


async def test_a_model_that_fails_is_reported_with_its_attempts() -> None:
    answer, model = await asked(*[ModelRateLimitError("slow down")] * 5)
    assert answer.value is None
    assert answer.error.startswith("no model answered")
    assert "\n" not in answer.error
    assert len(answer.calls[0]["attempts"]) == model.calls
    assert {attempt["outcome"] for attempt in answer.calls[0]["attempts"]} == {"error"}


async def test_bugs_pass() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        await asked(RuntimeError("a bug"))
