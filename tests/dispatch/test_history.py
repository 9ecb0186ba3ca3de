"""Recorded message shapes of several providers, as the next one accepts them."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.dispatch.history import NO_RESULT, History, fitted_history
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated


def to_openai(*messages: AnyMessage) -> History:
    return fitted_history(list(messages), provider="nebius", family="openai")


def answer(content: Any, provider: str | None, **fields: Any) -> AIMessage:
    metadata = {} if provider is None else {"model_provider": provider}
    return AIMessage(content, response_metadata=metadata, **fields)


def tool_call(call_id: str, name: str = "search") -> Any:
    return {"name": name, "args": {"q": "x"}, "id": call_id, "type": "tool_call"}


ANTHROPIC = answer(
    [
        {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "text", "text": "Let me look.", "cache_control": {"type": "ephemeral"}},
        {"type": "tool_use", "id": "toolu_01", "name": "search", "input": {"q": "x"}},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    ],
    "anthropic",
    id="msg_01",
    tool_calls=[tool_call("toolu_01")],
)
OPENAI_RESPONSES = answer(
    [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
        {"type": "text", "text": "Found.", "id": "msg_1", "phase": "final_answer", "annotations": []},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
    ],
    "openai",
    id="resp_1",
)
GOOGLE = answer(
    "Sure.",
    "google_genai",
    additional_kwargs={
        "__gemini_function_call_thought_signatures__": {"c": "sig"},
        "function_call": {"name": "search"},
    },
    tool_calls=[tool_call("0b7c7d0e-1d2f-4f43-9d0e-4b8fd52e6f0e-much-too-long")],
)
DEEPSEEK = answer("4", "deepseek", additional_kwargs={"reasoning_content": "2 + 2 is 4"})


def test_plain_and_own_messages_are_passed_on_as_the_very_same_list() -> None:
    messages: list[Any] = [SystemMessage("s"), HumanMessage("h"), answer("a", None), answer("b", "openai")]
    assert fitted_history(messages, provider="nebius", family="openai").messages is messages
    own: list[Any] = [HumanMessage("h"), ANTHROPIC, ToolMessage("r", tool_call_id="toolu_01")]
    assert fitted_history(own, provider="anthropic", family="anthropic").messages is own


def test_anthropic_keeps_its_text_and_its_call_and_loses_the_rest() -> None:
    history = to_openai(HumanMessage("h"), ANTHROPIC, ToolMessage("r", tool_call_id="toolu_01"))
    plain = history.messages[1]
    assert isinstance(plain, AIMessage)
    assert (plain.content, plain.tool_calls, plain.id) == ("Let me look.", [tool_call("toolu_01")], None)
    assert history.dropped == (
        "reasoning of anthropic",
        "server_tool_use of anthropic",
        "web_search_tool_result of anthropic",
    )


def test_google_ids_are_shortened_alike_in_call_and_result() -> None:
    old = GOOGLE.tool_calls[0]["id"]
    history = to_openai(HumanMessage("h"), GOOGLE, ToolMessage("r", tool_call_id=str(old)))
    plain, result = history.messages[1:]
    assert isinstance(plain, AIMessage)
    assert isinstance(result, ToolMessage)
    assert plain.tool_calls[0]["id"] == result.tool_call_id
    assert len(result.tool_call_id) <= 40
    assert plain.additional_kwargs == {}
    assert history.dropped == ("reasoning of google_genai",)


def test_deepseek_reasoning_does_not_travel() -> None:
    history = to_openai(HumanMessage("h"), DEEPSEEK, HumanMessage("again"))
    assert history.messages[1].additional_kwargs == {}
    assert history.dropped == ("reasoning of deepseek",)


def test_items_of_one_openai_account_do_not_go_to_another_provider() -> None:
    routed = OPENAI_RESPONSES.model_copy()
    routed.response_metadata = {**routed.response_metadata, "model_router": {"provider": "openai", "model": "gpt"}}
    history = to_openai(HumanMessage("h"), routed)
    assert history.messages[1].content == "Found."
    assert history.dropped == ("reasoning of openai", "web_search_call of openai")


def test_invalid_calls_go_open_calls_get_a_result_and_orphaned_results_go() -> None:
    broken: Any = {"name": "search", "args": "{", "id": "c0", "error": "x", "type": "invalid_tool_call"}
    foreign = answer("a", "anthropic", invalid_tool_calls=[broken], tool_calls=[tool_call("c1")])
    history = to_openai(ToolMessage("r", tool_call_id="gone"), foreign, HumanMessage("h"))
    assert [type(message) for message in history.messages] == [AIMessage, ToolMessage, HumanMessage]
    assert history.messages[1].content == NO_RESULT
    assert set(history.dropped) == {"invalid tool calls of anthropic", "a tool result without its call"}


@pytest.mark.parametrize(("family", "kept"), [("openai", False), ("anthropic", True)])
def test_cache_markers_stay_with_anthropic(family: str, kept: bool) -> None:
    marked = HumanMessage([{"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}])
    history = fitted_history([marked], provider="p", family=family)
    assert ("cache_control" in history.messages[0].content[0]) is kept
    assert history.dropped == (() if kept else ("cache markers",))


def test_what_goes_over_the_wire_and_what_the_record_says() -> None:
    source: Any = {"preset": "mine", "presets": {"mine": {"default": "sambanova-llama-8b"}}}
    config = RouterChatModel(source).engine.snapshot.config
    with Simulator(config.registry, speed=float("inf")) as simulator:
        router = RouterChatModel(simulated(config, simulator))
        asked = [HumanMessage("h"), ANTHROPIC, ToolMessage("r", tool_call_id="toolu_01"), OPENAI_RESPONSES]
        reply = router.invoke([*asked, HumanMessage("go on")], task="general")
        body = simulator.requests[-1].body
    assert isinstance(body, dict)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool", "assistant", "user"]
    assert "signature" not in str(body)
    assert "reasoning of anthropic" in reply.response_metadata["model_router"]["dropped"]
