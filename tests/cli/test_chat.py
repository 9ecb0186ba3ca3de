import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.cli.chat import Conversation, routing_line
from langchain_modelrouter.cli.main import app
from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import AllModelsFailedError
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import ScriptedChatModel, fault_server

Run = Callable[..., Any]


def said(run: Run, text: str, *arguments: str) -> Any:
    """Run the chat in the empty folder of `run`, with `text` on stdin."""
    run("--version")
    return CliRunner().invoke(app, ["chat", *arguments], input=text)


def test_each_answer_says_where_it_comes_from(run: Run) -> None:
    result = said(run, "hello\n\n/task code\nAnd in Python?\n", "--task", "simple")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].startswith("[sambanova-llama-8b | task simple by explicit | ")
    assert lines[3].startswith("[sambanova-deepseek-v3 | task code by explicit | ")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stdout


def test_answers_are_data_too(run: Run) -> None:
    rows = [json.loads(line) for line in said(run, "hello\nbye\n/quit\nno\n", "--json").stdout.splitlines()]
    assert len(rows) == 2
    assert all("simulated" in row["answer"].lower() for row in rows)
    assert rows[0]["model_router"]["preset"] == "mixed_optimal"


def test_a_question_without_an_answer_fails_the_pipe_and_the_next_is_asked(run: Run, tmp_path: Path) -> None:
    with fault_server() as (server, _):
        server.fault("*", "unauthorized", times=None)
        providers = simulated_providers(RouterConfig.builtin(), server)
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({"providers": providers}))
        result = said(run, "hello\nhello\n", "--config", str(tmp_path / "c.yaml"), "--task", "simple")
    assert result.exit_code == 1
    assert result.stderr.count("No answer: ") == 2


def test_an_unknown_task_is_refused_before_anything_is_asked(run: Run) -> None:
    result = said(run, "hello\n", "--task", "nope")
    assert result.exit_code == 2
    assert "No task 'nope'" in result.stderr
    assert result.stdout == ""


def test_a_conversation_remembers_only_what_was_answered() -> None:
    model = ScriptedChatModel(["one", ValueError("no"), "two"])
    talk = Conversation(RouterChatModel.from_models({"a": model}, classifier="none", max_retries=0))
    shown: list[str] = []
    assert talk.ask("first", shown.append).text == "one"
    with pytest.raises((ValueError, AllModelsFailedError)):
        talk.ask("lost", shown.append)
    talk.ask("second", shown.append)
    assert [message.text for message in model.requests[-1].messages] == ["first", "one", "second"]
    assert "".join(shown) == "onetwo"


def test_the_line_names_what_failed_before() -> None:
    failed = {"model": "a", "outcome": "error", "input_tokens": 0, "output_tokens": 0}
    served = {"model": "b", "outcome": "ok", "input_tokens": 3, "output_tokens": 4}
    routed = {
        "model": "b",
        "task": "code",
        "task_source": "classifier:local",
        "confidence": 0.5,
        "attempts": [failed, served],
        "cost_usd": None,
    }
    assert routing_line(routed, 1.0) == (
        "[b | task code by classifier:local 0.50 | 3 + 4 tokens | cost unknown | 1.00 s | after a failed]"
    )
