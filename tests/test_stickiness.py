from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.testing import ScriptedChatModel

THREAD: Any = {"configurable": {"thread_id": "t"}}


def config(**routing: Any) -> dict[str, Any]:
    return {
        "extends": "none",
        "preset": "mine",
        "providers": {"p": {"kind": "custom"}},
        "models": {key: {"provider": "p", "api_name": key, "capabilities": ["tools"]} for key in ("a", "b")},
        "tasks": {"general": {}, "code": {}},
        "presets": {"mine": {"default": ["a", "b"]}, "other": {"default": ["a"], "code": ["a"]}},
        "routing": {"classifier": "none", **routing},
        "retry": {"same_model": 0},
    }


def router_over(first: list[Any], second: list[Any], **routing: Any) -> RouterChatModel:
    clients = {"a": ScriptedChatModel(first, model_name="a"), "b": ScriptedChatModel(second, model_name="b")}
    return RouterChatModel(config(**routing), clients=clients)


def model_of(message: AIMessage) -> str:
    return str(message.response_metadata["model_router"]["model"])


def test_a_thread_stays_where_it_fell_back_to_and_others_do_not() -> None:
    router = router_over([ModelRateLimitError("no"), "a"], ["b", "b"])
    assert model_of(router.invoke("x", THREAD)) == "b"
    again = router.invoke("x", THREAD)
    assert again.response_metadata["model_router"]["reason"] == "the thread stays on b"
    other: Any = {"configurable": {"thread_id": "other"}}
    assert router.decide("x", other).model.key == "a"


@pytest.mark.parametrize("change", [{"task": "code"}, {"preset": "other"}, {"model": "a"}])
def test_another_task_preset_or_a_forced_model_ends_it(change: dict[str, str]) -> None:
    router = router_over([ModelRateLimitError("no"), "a"], ["b"])
    router.invoke("x", THREAD)
    assert router.decide("x", THREAD, **change).model.key == "a"


def test_it_is_off_by_one_setting() -> None:
    router = router_over([ModelRateLimitError("no"), "a"], ["b"], sticky=False)
    router.invoke("x", THREAD)
    assert router.decide("x", THREAD).model.key == "a"


def loop_of(task: str) -> list[Any]:
    call: Any = {"name": "f", "args": {}, "id": "c1", "type": "tool_call"}
    made: Any = {"model_router": {"model": "b", "task": task, "provider": "p"}}
    answer = AIMessage("", tool_calls=[call], response_metadata=made)
    return [HumanMessage("x"), answer, ToolMessage("1", tool_call_id="c1")]


def test_a_tool_loop_stays_with_the_model_that_made_the_calls() -> None:
    decision = router_over([], []).decide(loop_of("general"))
    assert (decision.model.key, decision.reason) == ("b", "the tool loop stays on b")


def test_a_tool_loop_whose_task_changes_goes_by_the_new_task() -> None:
    rule = {"name": "results", "when": {"last_message": "tool"}, "then": {"task": "code"}}
    assert router_over([], [], rules=[rule]).decide(loop_of("general")).model.key == "a"


def test_a_changed_file_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "modelrouter.yaml"
    path.write_text(yaml.safe_dump(config()))
    clients = {"a": ScriptedChatModel([ModelRateLimitError("no")]), "b": ScriptedChatModel(["b"])}
    router = RouterChatModel(path, clients=clients)
    router.invoke("x", THREAD)
    assert router.decide("x", THREAD).model.key == "b"
    router.engine._take_over(type(router.engine.snapshot.config).model_validate(config()))
    assert "stays" not in router.decide("x", THREAD).reason


def test_only_so_many_threads_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_modelrouter.engine.THREADS_KEPT", 2)
    router = router_over(["a"] * 5, [])
    for number in range(5):
        router.invoke("x", {"configurable": {"thread_id": str(number)}})
    assert [key[0] for key in router.engine._sticky] == ["3", "4"]
