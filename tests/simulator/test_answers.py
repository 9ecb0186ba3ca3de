import json
import time
from typing import Any

import pytest
from langchain_core.output_parsers import PydanticOutputParser
from pydantic import BaseModel

from langchain_modelrouter.simulator.answers import Answer, answers
from langchain_modelrouter.simulator.chat_request import ChatRequest, read_chat_request
from langchain_modelrouter.simulator.pattern_sample import sample_of


def request(prompt: Any = "Tell me about rivers and lakes.", **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    return read_chat_request({"model": "m", "messages": messages, **fields})


def answer(prompt: Any = "Tell me about rivers and lakes.", **fields: Any) -> Answer:
    return answers(request(prompt, **fields))[0]


def text(prompt: Any = "Tell me about rivers and lakes.", **fields: Any) -> str:
    return answer(prompt, **fields).content or ""


def test_a_text_says_that_it_is_simulated_and_echoes_the_prompt() -> None:
    assert text().startswith("This is a simulated answer of m.")
    assert "rivers" in text()
    assert "lakes" in text()
    assert text("") == text("")


def test_longer_prompts_get_longer_texts() -> None:
    assert len(text("rivers lakes seas hills woods " * 50)) > 2 * len(text())


def test_a_prompt_that_asks_for_a_number_of_things_gets_so_many_lines() -> None:
    assert text("Summarize rivers in 3 bullets").count("\n- ") == 3
    assert text("Write four short search queries about rivers").count("\n- ") == 4


def test_the_limit_of_tokens_ends_a_text() -> None:
    cut = answer(max_tokens=5)
    assert (cut.finish_reason, cut.output_tokens) == ("length", 5)
    assert answer(max_completion_tokens=5) == cut
    assert answers(request(), most_tokens=5)[0] == cut
    assert answer(max_tokens=500).finish_reason == "stop"


def test_a_stop_sequence_ends_a_text() -> None:
    assert text(stop="answer") == "This is a simulated "
    assert text(stop=["lakes", "is"]) == "Th"
    assert answer(stop="answer").finish_reason == "stop"


def test_several_choices_differ() -> None:
    choices = answers(request(n=3))
    assert len({choice.content for choice in choices}) == 3


def test_images_are_accepted_and_mentioned() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}}
    asked = request([{"role": "user", "content": [{"type": "text", "text": "What is on it?"}, image]}])
    assert "1 image, which it cannot see" in (answers(asked)[0].content or "")
    assert asked.input_tokens < 100


ROUTER = "Classify the request. Categories: simple, general, reasoning, code, agent. Answer with one word only."


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("hello", "simple"),
        ("Debug this python function, it raises a KeyError", "code"),
        ("Prove that the sum of two even numbers is even", "reasoning"),
        ("Search the web for flights and book one", "agent"),
        ("Compare the economies of two countries and write an essay on the strategy of each of them", "general"),
    ],
)
def test_one_word_of_a_list_is_one_word(prompt: str, word: str) -> None:
    system = {"role": "system", "content": ROUTER}
    assert text([system, {"role": "user", "content": prompt}]) == word
    assert text(f"{ROUTER}\n\nRequest: {prompt}") == word
    assert answer([system, {"role": "user", "content": prompt}], max_tokens=10).finish_reason == "stop"


def test_a_list_may_be_lines_too() -> None:
    lines = "Reply with exactly one word.\n- billing: invoices and payments\n- refund: money back\n- other: the rest"
    assert text([{"role": "system", "content": lines}, {"role": "user", "content": "I want a refund now"}]) == "refund"


def test_json_mode_gives_the_keys_that_the_prompt_names() -> None:
    asked = "A joke about cats, as JSON with 'setup' and 'punchline' keys."
    assert json.loads(text(asked, response_format={"type": "json_object"})).keys() == {"setup", "punchline"}
    assert json.loads(text("anything", response_format={"type": "json_object"})).keys() == {"answer"}


def test_a_schema_in_the_prompt_is_fitted() -> None:
    class Joke(BaseModel):
        setup: str
        laughs: int

    parser = PydanticOutputParser(pydantic_object=Joke)
    parsed = parser.parse(text(f"A joke about cats.\n{parser.get_format_instructions()}"))
    assert parsed.laughs >= 0


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = tool("get_weather", "Get the weather at a location.", location={"type": "string"})
ADD = tool("add", "Add two numbers.", a={"type": "integer"}, b={"type": "integer"})
ASKED = "What is the weather in San Francisco, CA?"


def called(prompt: Any, **fields: Any) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in answer(prompt, **fields).calls]


def test_a_tool_is_called_where_the_prompt_asks_for_it() -> None:
    assert called(ASKED, tools=[ADD, WEATHER]) == [("get_weather", {"location": "San Francisco, CA"})]
    assert called("Add 3 and 4", tools=[ADD, WEATHER]) == [("add", {"a": 3, "b": 4})]
    assert answer(ASKED, tools=[WEATHER]).finish_reason == "tool_calls"
    assert called("Hello!", tools=[ADD, WEATHER]) == []
    assert called(ASKED, tools=[WEATHER], tool_choice="none") == []


def test_a_tool_may_be_forced() -> None:
    assert [name for name, _ in called("Hello!", tools=[ADD, WEATHER], tool_choice="required")] == ["add"]
    by_name = {"type": "function", "function": {"name": "get_weather"}}
    assert [name for name, _ in called("Hello!", tools=[ADD, WEATHER], tool_choice=by_name)] == ["get_weather"]


def test_several_tools_are_called_at_once_unless_the_request_forbids_it() -> None:
    both = "Get weather in Porto, then add 3 and 4"
    assert [name for name, _ in called(both, tools=[ADD, WEATHER])] == ["add", "get_weather"]
    assert len(called(both, tools=[ADD, WEATHER], parallel_tool_calls=False)) == 1


def test_after_the_result_of_a_tool_comes_a_text_that_passes_it_on() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    history = [
        {"role": "user", "content": ASKED},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "It is sunny."},
    ]
    assert "It is sunny." in text(history, tools=[ADD, WEATHER])
    forced = called(history, tools=[WEATHER, tool("report", text={"type": "string"})], tool_choice="required")
    assert [name for name, _ in forced] == ["report"]


def test_calls_have_distinct_ids_that_do_not_change() -> None:
    both = answer("Get weather in Porto, then add 3 and 4", tools=[ADD, WEATHER]).calls
    assert len({call.id for call in both}) == 2
    assert answer("Get weather in Porto, then add 3 and 4", tools=[ADD, WEATHER]).calls == both


def test_a_long_prompt_is_answered_within_a_blink() -> None:
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("title", "summary", "keyword", "url", "topic")},
        "required": ["title"],
    }
    page = "rivers: lakes, seas; hills and woods of a certain kind.\n" * 5000
    began = time.process_time()
    answer(page, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "pattern",
    [r"^\d{3}-\d{4}$", r"^[A-Z]{2}\d+$", r"^(yes|no)$", r"^#[0-9a-f]{6}$", r"^\w+@\w+\.com$", r"a|b", r"^[^a]\S*$"],
)
def test_a_sample_fits_its_pattern(pattern: str) -> None:
    assert sample_of(pattern, []) is not None


def test_a_candidate_that_fits_comes_before_a_made_up_sample() -> None:
    assert sample_of(r"^[a-z]+$", ["12", "rivers"]) == "rivers"
    assert sample_of(r"(unclosed", []) is None
    assert sample_of(r"^(?=.*\d)(?=.*[A-Z]).{9,}$", []) is None
